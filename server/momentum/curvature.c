#include "server/momentum/curvature.h"

#include <math.h>

#define WEIGHT  0.2   /* of a new probe: about the last 5 count */
#define OUTLIER 4.0   /* a probe counts for at most this times the average */
#define TINIEST 1e-30 /* flatter than this is no curvature to divide by */
#define LARGEST 1e30

void fw_curvature_init(struct fw_curvature *c)
{
    *c = (struct fw_curvature){.h = NAN};
}

bool fw_curvature_add(struct fw_curvature *c, double h)
{
    if (!isfinite(h) || h < TINIEST || h > LARGEST) {
        c->refused++;
        return false;
    }
    c->probes++;
    if (isnan(c->h)) {
        c->h = h;
        return true;
    }
    if (h > OUTLIER * c->h) {
        h = OUTLIER * c->h;
        c->outliers++;
    }
    c->h += WEIGHT * (h - c->h);
    return true;
}
