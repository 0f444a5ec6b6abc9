#include "server/momentum/curvature.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TINIEST 1e-30 /* flatter than this is no curvature to divide by */
#define LARGEST 1e30

void fw_curvature_init(struct fw_curvature *c)
{
    *c = (struct fw_curvature){.h = NAN};
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Geometric mean of the lower half, the middle one included. */
static double typical(const struct fw_curvature *c)
{
    size_t n =
        c->probes < FW_CURVATURE_KEPT ? (size_t)c->probes : FW_CURVATURE_KEPT;
    size_t half = (n + 1) / 2;
    double sorted[FW_CURVATURE_KEPT];
    double sum = 0.0;

    memcpy(sorted, c->last, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), compare);
    for (size_t i = 0; i < half; i++)
        sum += log(sorted[i]);
    return exp(sum / (double)half);
}

bool fw_curvature_add(struct fw_curvature *c, double h)
{
    if (!isfinite(h) || h < TINIEST || h > LARGEST) {
        c->refused++;
        return false;
    }
    c->last[c->probes++ % FW_CURVATURE_KEPT] = h;
    c->h = typical(c);
    return true;
}

void fw_curvature_raise(struct fw_curvature *c, double factor)
{
    for (size_t i = 0; i < FW_CURVATURE_KEPT; i++)
        c->last[i] = fmin(c->last[i] * factor, LARGEST);
    if (c->probes)
        c->h = typical(c);
}
