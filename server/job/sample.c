#include "server/job/sample.h"

#include <string.h>

static void gather(struct fw_block *const *blocks, const uint64_t *coordinates,
                   uint32_t n, float *out)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = blocks[coordinates[i] / FW_BLOCK_ELEMENTS]
                     ->data[coordinates[i] % FW_BLOCK_ELEMENTS];
}

bool fw_sample_wants_gradient(const struct fw_version *w)
{
    return (w->number + 1) % FW_TOTAL_EVERY == 0;
}

/* The gradient in s->g as the step uses it. */
static void finish(struct fw_sample *s, const struct fw_optimizer *o,
                   const struct fw_version *w, const uint64_t *coordinates,
                   uint32_t n, float scale)
{
    float l2 = (float)o->spec.l2;

    gather(w->blocks, coordinates, n, s->w);
    for (uint32_t i = 0; i < n; i++)
        s->g[i] = scale * s->g[i] + l2 * s->w[i];
}

void fw_sample_before(struct fw_sample *s, const struct fw_controller *c,
                      const struct fw_optimizer *o, const struct fw_version *w,
                      const struct fw_gather *g)
{
    uint32_t n;
    const uint64_t *coordinates = fw_controller_coordinates(c, &n);

    s->has_gradient = fw_sample_wants_gradient(w);
    if (!s->has_gradient)
        return;
    gather(g->blocks, coordinates, n, s->g);
    finish(s, o, w, coordinates, n,
           (float)fw_optimizer_clip(o, g->check.square_norm));
}

void fw_sample_seen(struct fw_sample *s, const struct fw_controller *c,
                    const struct fw_optimizer *o, const struct fw_version *w,
                    const float *seen)
{
    uint32_t n;
    const uint64_t *coordinates = fw_controller_coordinates(c, &n);

    s->has_gradient = fw_sample_wants_gradient(w);
    if (!s->has_gradient)
        return;
    memcpy(s->g, seen, n * sizeof(*seen));
    finish(s, o, w, coordinates, n, 1.0f);
}

void fw_sample_after(struct fw_sample *s, struct fw_controller *c,
                     const struct fw_version *w, uint64_t base, double rate)
{
    uint32_t n;
    const uint64_t *coordinates = fw_controller_coordinates(c, &n);
    struct fw_total_sample sample = {
        .version = w->number,
        .base = base,
        .w = s->w,
        .g = s->has_gradient ? s->g : NULL,
        .rate = rate,
    };

    if (n == 0)
        return;
    gather(w->blocks, coordinates, n, s->w);
    fw_controller_sample(c, &sample);
}
