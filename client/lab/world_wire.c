/* Parameters and gradients of a simulation as they travel (--wire). */
#include <stdlib.h>

#include "client/lab/world.h"
#include "sdk/base/mem.h"

#define PLACE_AND_VALUE 6 /* bytes of an element that top-k sends */

/* Most bytes that n elements take. */
static size_t room(enum fw_dtype dtype, uint64_t n)
{
    if (dtype == FW_DTYPE_TOPK)
        return (n / FW_TOPK_SEGMENT + 1) * sizeof(uint32_t) +
               n * PLACE_AND_VALUE;
    return fw_tensor_bytes(dtype, n);
}

fw_status fw_world_wire_open(struct fw_world *w)
{
    uint64_t n = w->job.n_elements;

    if (w->dtype == FW_DTYPE_F32)
        return FW_OK;
    /* In both directions: bf16 is what comes back. */
    w->wire = fw_mem_array(room(w->dtype, n) + n * sizeof(uint16_t), 1);
    w->coarse = fw_mem_array(n, sizeof(*w->coarse));
    return w->wire && w->coarse ? FW_OK : FW_NOMEM;
}

void fw_world_wire_close(struct fw_world *w)
{
    free(w->wire);
    free(w->coarse);
    w->wire = NULL;
    w->coarse = NULL;
}

const float *fw_world_arrived(struct fw_world *w, const float *sent)
{
    enum fw_dtype down = fw_dtype_down(w->dtype);

    if (!w->coarse)
        return sent;
    fw_tensor_encode(down, sent, w->job.n_elements, w->wire);
    fw_tensor_decode(down, w->wire, w->job.n_elements, w->coarse);
    return w->coarse;
}

/* Top-k of the gradient and what was left out before.  Not finite: as it is,
 * for the job's gate to see. */
static fw_status encode_sparse(struct fw_world *w, struct fw_world_worker *k,
                               size_t *bytes)
{
    struct fw_feedback *f = &k->feedback;
    uint64_t n = w->job.n_elements;
    fw_status s = FW_OK;

    if (!f->rest)
        s = fw_feedback_open(f, n, w->plan->wire_share, w->err);
    if (s != FW_OK)
        return s;
    k->fed = fw_feedback_add(f, w->g, NULL) == FW_OK;
    if (!k->fed)
        f->cut = (struct fw_topk_cut){0};
    *bytes = fw_topk_bytes(&f->cut, k->fed ? f->rest : w->g, 0, n);
    fw_topk_encode(&f->cut, k->fed ? f->rest : w->g, 0, n, w->wire);
    return FW_OK;
}

fw_status fw_world_encode(struct fw_world *w, struct fw_world_worker *k,
                          struct fw_span *out)
{
    uint64_t n = w->job.n_elements;
    fw_status s = FW_OK;

    *out = (struct fw_span){(const uint8_t *)w->g, n * sizeof(*w->g)};
    if (!w->wire)
        return FW_OK;
    out->data = w->wire;
    out->n = fw_tensor_bytes(w->dtype, n);
    if (w->dtype == FW_DTYPE_TOPK)
        s = encode_sparse(w, k, &out->n);
    else
        fw_tensor_encode(w->dtype, w->g, n, w->wire);
    return s;
}

void fw_world_judged(struct fw_world *w, struct fw_world_worker *k,
                     bool applied)
{
    if (k->fed)
        fw_feedback_settle(&k->feedback, w->g, applied);
    k->fed = false;
}
