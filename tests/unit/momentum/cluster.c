#include "cluster.h"

#include "sdk/base/random.h"

#define WORKERS_MAX 1024u

static double service(const struct cluster *c, uint32_t worker,
                      struct fw_random *r)
{
    double slower = worker == 0 ? c->straggler : 1.0;

    if (c->shape == 0.0)
        return slower;
    return slower * fw_random_gamma(r, c->shape) / c->shape;
}

void cluster_trace(const struct cluster *c, uint32_t *taus, size_t n)
{
    double done[WORKERS_MAX] = {0};
    uint64_t read[WORKERS_MAX] = {0};
    struct fw_random r;

    fw_random_init(&r, c->seed);
    for (uint32_t w = 0; w < c->workers; w++)
        done[w] = service(c, w, &r) + w * 1e-9; /* ties in order */
    for (uint64_t t = 0; t < c->workers * 20u + n; t++) {
        uint32_t first = 0;

        for (uint32_t w = 1; w < c->workers; w++)
            first = done[w] < done[first] ? w : first;
        if (t >= c->workers * 20u) /* after the start has been forgotten */
            taus[t - c->workers * 20u] = (uint32_t)(t - read[first]);
        read[first] = t + 1;
        done[first] += service(c, first, &r);
    }
}
