#include "sdk/client/feedback.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/wide.h"

#define EXPONENT 0x7f800000u /* of an infinity or a NaN */

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

/* Whether every sum is finite: its exponent is not all ones. */
FW_WIRE_WIDE static bool can_add(const float *x, const float *y, uint64_t n)
{
    uint32_t most = 0;

    for (uint64_t i = 0; i < n; i++) {
        float sum = x[i] + y[i];
        uint32_t bits;

        memcpy(&bits, &sum, sizeof(bits));
        bits &= EXPONENT;
        most = bits > most ? bits : most;
    }
    return most < EXPONENT;
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
    if (applied) {
        fw_topk_clear(&f->cut, f->rest, f->n);
        return;
    }
    for (uint64_t i = 0; i < f->n; i++)
        f->rest[i] -= gradient[i];
}
