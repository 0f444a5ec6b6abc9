#include "client/worker/probe.h"

#include <math.h>
#include <stdlib.h>

#include "sdk/base/mem.h"
#include "sdk/base/random.h"

/* Far enough that the difference of two fp32 gradients is no rounding error
 * (at h = 1: 1e-2 against about 1e-6), near enough that h has not changed. */
#define EPS 1e-2

static double norm(const float *x, uint64_t n)
{
    double sum = 0;

    for (uint64_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return sqrt(sum);
}

static void draw_direction(struct fw_probe *p, uint64_t seed)
{
    struct fw_random random;
    double length;

    fw_random_init(&random, seed);
    for (uint64_t i = 0; i < p->n; i++)
        p->direction[i] = (float)fw_random_normal(&random);
    length = norm(p->direction, p->n);
    for (uint64_t i = 0; i < p->n && length > 0; i++)
        p->direction[i] = (float)(p->direction[i] / length);
}

fw_status fw_probe_init(struct fw_probe *p, uint64_t n, uint32_t interval,
                        uint64_t seed)
{
    *p = (struct fw_probe){.n = n, .interval = interval};
    if (!interval)
        return FW_OK;
    p->direction = fw_mem_array(n, sizeof(float));
    p->parameters = fw_mem_array(n, sizeof(float));
    p->gradient = fw_mem_array(n, sizeof(float));
    if (!p->direction || !p->parameters || !p->gradient) {
        fw_probe_close(p);
        return FW_NOMEM;
    }
    draw_direction(p, seed);
    return FW_OK;
}

void fw_probe_close(struct fw_probe *p)
{
    free(p->direction);
    free(p->parameters);
    free(p->gradient);
    *p = (struct fw_probe){0};
}

bool fw_probe_due(struct fw_probe *p)
{
    uint64_t k = p->gradients++;

    return p->interval && (k < FW_PROBE_FIRST || k % p->interval == 0);
}

void fw_probe_shift(struct fw_probe *p, const float *w)
{
    for (uint64_t i = 0; i < p->n; i++)
        p->parameters[i] = (float)(w[i] + EPS * p->direction[i]);
}

double fw_probe_measure(struct fw_probe *p, const float *g)
{
    double length;

    for (uint64_t i = 0; i < p->n; i++)
        p->gradient[i] -= g[i];
    length = norm(p->gradient, p->n);
    if (!isfinite(length) || length <= 0)
        return 0;
    for (uint64_t i = 0; i < p->n; i++)
        p->direction[i] = (float)(p->gradient[i] / length);
    return length / EPS;
}
