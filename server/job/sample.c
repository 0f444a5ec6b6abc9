#include "server/job/sample.h"

static void gather(struct fw_block *const *blocks, const uint64_t *coordinates,
                   uint32_t n, float *out)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = blocks[coordinates[i] / FW_BLOCK_ELEMENTS]
                     ->data[coordinates[i] % FW_BLOCK_ELEMENTS];
}

void fw_sample_before(struct fw_sample *s, const struct fw_controller *c,
                      const struct fw_gather *g, uint64_t version)
{
    uint32_t n;
    const uint64_t *coordinates = fw_controller_coordinates(c, &n);

    s->has_gradient = version % FW_TOTAL_EVERY == 0;
    if (s->has_gradient)
        gather(g->blocks, coordinates, n, s->g);
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
