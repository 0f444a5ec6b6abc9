#include "server/job/optimizer.h"

#include <math.h>
#include <stdlib.h>

#include "sdk/base/failpoint.h"
#include "sdk/base/mem.h"

#define ALIGNMENT 64u /* of a buffer, in bytes */

/* Zeroes.  By calloc: the pages of a large one are only taken when first used,
 * and come with zeroes by themselves. */
static bool open_buffer(struct fw_buffer *b, uint64_t n)
{
    size_t over;
    void *at;

    b->memory = fw_mem_array(n + ALIGNMENT / sizeof(float), sizeof(float));
    if (!b->memory)
        return false;
    over = (uintptr_t)b->memory % ALIGNMENT;
    at = (char *)b->memory + (over ? ALIGNMENT - over : 0);
    b->at = at;
    fw_mem_huge(b->at, n * sizeof(float));
    return true;
}

static void close_buffer(struct fw_buffer *b)
{
    free(b->memory);
    *b = (struct fw_buffer){NULL, NULL};
}

fw_status fw_optimizer_init(struct fw_optimizer *o,
                            const struct fw_optimizer_spec *spec,
                            uint64_t n_elements)
{
    *o = (struct fw_optimizer){.spec = *spec, .n_elements = n_elements};
    if (!open_buffer(&o->momentum, n_elements))
        return FW_NOMEM;
    return FW_OK;
}

void fw_optimizer_close(struct fw_optimizer *o)
{
    fw_optimizer_no_spare(o);
    close_buffer(&o->momentum);
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

struct fw_step fw_optimizer_how(const struct fw_optimizer *o, double rate,
                                double momentum, double scale)
{
    return (struct fw_step){
        .alpha = (float)rate,
        .mu = (float)momentum,
        .scale = (float)scale,
        .l2 = (float)o->spec.l2,
        .decay = (float)o->spec.weight_decay,
        .nesterov = o->spec.nesterov,
    };
}

bool fw_optimizer_spare(struct fw_optimizer *o, const struct fw_version *w)
{
    struct fw_pool *p = w->blocks[0]->pool;

    if (o->spare.at)
        return true;
    if (!fw_pool_claim(p, o->n_elements))
        return false;
    if (!open_buffer(&o->spare, o->n_elements)) {
        fw_pool_unclaim(p, o->n_elements);
        return false;
    }
    o->pool = fw_pool_ref(p);
    return true;
}

void fw_optimizer_no_spare(struct fw_optimizer *o)
{
    if (!o->spare.at)
        return;
    close_buffer(&o->spare);
    fw_pool_unclaim(o->pool, o->n_elements);
    fw_pool_unref(o->pool);
    o->pool = NULL;
}

void fw_optimizer_turn(struct fw_optimizer *o, double gradient_square_norm,
                       double update_square_norm)
{
    struct fw_buffer was = o->momentum;

    o->momentum = o->spare;
    o->spare = was;
    o->gradient_norm = sqrt(gradient_square_norm);
    o->update_norm = sqrt(update_square_norm);
}

fw_status fw_optimizer_step(struct fw_optimizer *o, const struct fw_version *w,
                            struct fw_gather *g, double rate, double momentum,
                            struct fw_version **out)
{
    double norm = sqrt(g->check.square_norm);
    const struct fw_step step = fw_optimizer_how(
        o, rate, momentum, fw_optimizer_clip(o, g->check.square_norm));
    double square_norm = 0.0;
    struct fw_version *next;
    fw_status s = fw_failpoint("apply.step", NULL);

    if (s == FW_OK)
        s = fw_version_from_gather(g, w->number + 1, &next);
    if (s != FW_OK)
        return s;
    for (uint32_t i = 0; i < w->n_blocks; i++) {
        float *block = next->blocks[i]->data; /* holds g, will hold w' */
        float *u = o->momentum.at + (uint64_t)i * FW_BLOCK_ELEMENTS;

        square_norm +=
            fw_kernel_step(&step, w->blocks[i]->data, u, block, block, u,
                           fw_version_block_elements(w, i));
        if (o->watch)
            o->watch->block(o->watch, next, i + 1);
    }
    o->gradient_norm = norm;
    o->update_norm = sqrt(square_norm);
    *out = next;
    return FW_OK;
}
