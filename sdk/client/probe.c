#include "sdk/client/probe.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "sdk/base/mem.h"

/* Far enough that the difference of two fp32 gradients is no rounding error
 * (at h = 1: 1e-2 against about 1e-6), near enough that h has not changed. */
#define EPS 1e-2

/* Of |H d| that d H d counts for at least: where the batch bends up along one
 * direction and down along another, d H d says nothing. */
#define LEAST 0.25

static double norm(const float *x, uint64_t n)
{
    double sum = 0.0;

    for (uint64_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return sqrt(sum);
}

void fw_probe_close(struct fw_probe *p)
{
    free(p->parameters);
    free(p->gradient);
    p->parameters = NULL;
    p->gradient = NULL;
}

static fw_status allocate(struct fw_probe *p)
{
    p->parameters = fw_mem_array(p->n, sizeof(float));
    p->gradient = fw_mem_array(p->n, sizeof(float));
    if (p->parameters && p->gradient)
        return FW_OK;
    fw_probe_close(p);
    return FW_NOMEM;
}

fw_status fw_probe_shift(struct fw_probe *p, const float *w, const float *g)
{
    double length = norm(g, p->n);
    bool usable = isfinite(length) && length > 0.0;

    if (!p->parameters && allocate(p) != FW_OK)
        return FW_NOMEM;
    p->eps = usable ? EPS : 0.0;
    for (uint64_t i = 0; i < p->n; i++)
        p->parameters[i] = (float)(w[i] + (usable ? EPS / length * g[i] : 0.0));
    return FW_OK;
}

double fw_probe_measure(struct fw_probe *p, const float *g)
{
    double squares = 0.0; /* |g(w + eps d) - g|^2 */
    double along = 0.0;   /* its product with g */
    double length = norm(g, p->n);

    for (uint64_t i = 0; i < p->n; i++) {
        double d = (double)p->gradient[i] - g[i];

        squares += d * d;
        along += d * g[i];
    }
    if (!isfinite(squares) || !isfinite(along) || p->eps <= 0.0)
        return 0.0;
    return fmax(along / length, LEAST * sqrt(squares)) / p->eps;
}
