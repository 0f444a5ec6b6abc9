/* curvature.h - h, the curvature that bounds the step.
 *
 * The geometric mean of the lower half of the last few probes.  Probes scatter
 * by a factor, and upwards: while the iterate swings across a valley it meets
 * more curvature than training does on the way, and near its limit the step
 * chooses the curvature it meets (Cohen et al. 2021, "edge of stability").
 * Half of a few cannot be moved by one bad batch, yet follows a lasting change
 * within three probes.  A probe that is not finite and positive is refused.
 *
 * Arithmetic only.  Layer: server/momentum.  Thread: the job's. */
#ifndef FW_MOMENTUM_CURVATURE_H
#define FW_MOMENTUM_CURVATURE_H

#include <stdbool.h>
#include <stdint.h>

#define FW_CURVATURE_KEPT 6u /* probes */

struct fw_curvature {
    double h;                       /* NAN before the first good probe */
    double usual;                   /* geometric mean of the last 64 or so */
    double last[FW_CURVATURE_KEPT]; /* probe n in place n mod KEPT */
    uint64_t probes;                /* taken in */
    uint64_t refused;               /* not finite, zero or negative */
    double raised; /* by so much since probes said so themselves */
};

void fw_curvature_init(struct fw_curvature *c);

/* One probe's answer.  False: refused, nothing but the count has changed. */
bool fw_curvature_add(struct fw_curvature *c, double h);

/* What was taken in so far counts `factor` times as much. */
void fw_curvature_scale(struct fw_curvature *c, double factor);

/* What was measured so far was too little: it counts `factor` times as much,
 * until newer probes take its place.  Without newer ones only a few times: a
 * loss that rises all the same does so for another reason. */
void fw_curvature_raise(struct fw_curvature *c, double factor);

#endif
