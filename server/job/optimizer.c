#include "server/job/optimizer.h"

#include <math.h>
#include <stdlib.h>

#include "sdk/base/failpoint.h"
#include "sdk/base/mem.h"
#include "server/job/kernels.h"

fw_status fw_optimizer_init(struct fw_optimizer *o,
                            const struct fw_optimizer_spec *spec,
                            uint64_t n_elements)
{
    *o = (struct fw_optimizer){.spec = *spec, .n_elements = n_elements};
    /* calloc: the pages of a large model are only taken when first used */
    o->momentum = fw_mem_array(n_elements, sizeof(float));
    if (!o->momentum)
        return FW_NOMEM;
    fw_mem_huge(o->momentum, n_elements * sizeof(float));
    return FW_OK;
}

void fw_optimizer_close(struct fw_optimizer *o)
{
    free(o->momentum);
    *o = (struct fw_optimizer){0};
}

bool fw_optimizer_finite(const float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        if (!isfinite(x[i]))
            return false;
    }
    return true;
}

double fw_optimizer_clip(const struct fw_optimizer *o, double square_norm)
{
    double clip_norm = o->spec.clip_norm;
    double norm = sqrt(square_norm);

    return clip_norm > 0.0 && norm > clip_norm ? clip_norm / norm : 1.0;
}

fw_status fw_optimizer_step(struct fw_optimizer *o, const struct fw_version *w,
                            struct fw_gather *g, double rate, double momentum,
                            struct fw_version **out)
{
    double norm = sqrt(g->check.square_norm);
    const struct fw_step step = {
        .alpha = (float)rate,
        .mu = (float)momentum,
        .scale = (float)fw_optimizer_clip(o, g->check.square_norm),
        .l2 = (float)o->spec.l2,
        .decay = (float)o->spec.weight_decay,
        .nesterov = o->spec.nesterov,
    };
    double square_norm = 0.0;
    struct fw_version *next;
    fw_status s = fw_failpoint("apply.step", NULL);

    if (s == FW_OK)
        s = fw_version_from_gather(g, w->number + 1, &next);
    if (s != FW_OK)
        return s;
    for (uint32_t i = 0; i < w->n_blocks; i++) {
        float *block = next->blocks[i]->data; /* holds g, will hold w' */

        square_norm +=
            fw_kernel_step(&step, w->blocks[i]->data,
                           o->momentum + (uint64_t)i * FW_BLOCK_ELEMENTS, block,
                           block, fw_version_block_elements(w, i));
        if (o->watch)
            o->watch->block(o->watch, next, i + 1);
    }
    o->gradient_norm = norm;
    o->update_norm = sqrt(square_norm);
    *out = next;
    return FW_OK;
}
