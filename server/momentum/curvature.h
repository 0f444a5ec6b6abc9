/* curvature.h - h, the largest curvature that the steps meet.
 *
 * An exponential average of what the workers' probes report.  A probe that is
 * not finite and positive is refused; one far above the average counts as a
 * bounded outlier, so that one bad batch cannot stop training but a lasting
 * rise gets through within a few probes.
 *
 * Arithmetic only.  Layer: server/momentum.  Thread: the job's. */
#ifndef FW_MOMENTUM_CURVATURE_H
#define FW_MOMENTUM_CURVATURE_H

#include <stdbool.h>
#include <stdint.h>

struct fw_curvature {
    double h;          /* the average; NAN before the first good probe */
    uint64_t probes;   /* taken in */
    uint64_t refused;  /* not finite, zero or negative */
    uint64_t outliers; /* taken in at a bounded value */
};

void fw_curvature_init(struct fw_curvature *c);

/* One probe's answer.  False: refused, nothing but the count has changed. */
bool fw_curvature_add(struct fw_curvature *c, double h);

#endif
