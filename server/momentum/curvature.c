#include "server/momentum/curvature.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TINIEST    1e-30 /* flatter than this is no curvature to divide by */
#define LARGEST    1e30
#define USUAL      (1.0 / 64.0) /* weight of a new probe in the usual one */
#define PROBED     1.5 /* of what was raised, a new probe answers for */
#define RAISED_MAX 8.0 /* that nobody has measured */

void fw_curvature_init(struct fw_curvature *c)
{
    *c = (struct fw_curvature){.h = NAN, .usual = NAN, .raised = 1.0};
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

/* Of all probes while they are few. */
static void get_used(struct fw_curvature *c, double h)
{
    double weight = fmax(1.0 / (double)c->probes, USUAL);

    c->usual = c->probes > 1 ? c->usual * pow(h / c->usual, weight) : h;
}

bool fw_curvature_add(struct fw_curvature *c, double h)
{
    if (!isfinite(h) || h < TINIEST || h > LARGEST) {
        c->refused++;
        return false;
    }
    c->last[c->probes++ % FW_CURVATURE_KEPT] = h;
    c->raised = fmax(c->raised / PROBED, 1.0);
    c->h = typical(c);
    get_used(c, h);
    return true;
}

void fw_curvature_scale(struct fw_curvature *c, double factor)
{
    for (size_t i = 0; i < FW_CURVATURE_KEPT; i++)
        c->last[i] = fmin(c->last[i] * factor, LARGEST);
    if (c->probes)
        c->h = typical(c);
}

void fw_curvature_raise(struct fw_curvature *c, double factor)
{
    factor = fmin(factor, RAISED_MAX / c->raised);
    c->raised *= factor;
    fw_curvature_scale(c, factor);
}
