#include "sdk/client/feedback.h"

#include <math.h>
#include <stdlib.h>

#include "sdk/base/mem.h"
#include "sdk/wire/reason.h"

fw_status fw_feedback_open(struct fw_feedback *f, uint64_t n, double share,
                           struct fw_err *err)
{
    double k = ceil(share * (double)n);

    *f = (struct fw_feedback){
        .rest = fw_mem_array(n, sizeof(*f->rest)),
        .counts = fw_mem_array(FW_TOPK_COUNTS, sizeof(*f->counts)),
        .n = n,
        .k = k < 1.0 ? 1 : (uint64_t)k,
    };
    if (f->k > n)
        f->k = n;
    if (f->rest && f->counts)
        return FW_OK;
    fw_feedback_close(f);
    return fw_err_set(err, FW_NOMEM,
                      "no memory for what top-k leaves out of %llu elements",
                      (unsigned long long)n);
}

void fw_feedback_close(struct fw_feedback *f)
{
    free(f->rest);
    free(f->counts);
    *f = (struct fw_feedback){0};
}

/* Whether every sum is finite. */
static bool can_add(const float *x, const float *y, uint64_t n)
{
    float bad = 0.0f; /* NaN once a sum was not finite */

    for (uint64_t i = 0; i < n; i++)
        bad += (x[i] + y[i]) * 0.0f;
    return bad == 0.0f;
}

fw_status fw_feedback_add(struct fw_feedback *f, const float *gradient,
                          struct fw_err *err)
{
    if (!can_add(f->rest, gradient, f->n))
        return FW_REFUSE(err, NON_FINITE,
                         "the gradient has a NaN or an infinity: not sent");
    for (uint64_t i = 0; i < f->n; i++)
        f->rest[i] += gradient[i];
    fw_topk_choose(f->rest, f->n, f->k, f->counts, &f->cut);
    return FW_OK;
}

void fw_feedback_settle(struct fw_feedback *f, const float *gradient,
                        bool applied)
{
    for (uint64_t i = 0; i < f->n; i++) {
        if (!applied)
            f->rest[i] -= gradient[i];
        else if (fw_topk_has(&f->cut, i, f->rest[i]))
            f->rest[i] = 0.0f;
    }
}
