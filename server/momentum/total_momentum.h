/* total_momentum.h - momentum as the parameters show it, explicit and implicit.
 *
 * YellowFin's estimator (Zhang & Mitliagkas 2017) on a fixed random sample of
 * coordinates: with b the version a gradient g was computed at,
 *     mu_T = median of (w[b+1] - w[b] + alpha g)/(w[b] - w[b-1]).
 * The job feeds it after every step; a short history of the sampled parameters
 * is kept, and gradients older than that are passed over.  It is a detector of
 * ringing: at small steps it reads about mu, not a count of workers.
 *
 * Layer: server/momentum.  Thread: the job's.  Lives inside fw_controller; the
 * allocations are at init. */
#ifndef FW_MOMENTUM_TOTAL_MOMENTUM_H
#define FW_MOMENTUM_TOTAL_MOMENTUM_H

#include <stdint.h>

#include "sdk/base/status.h"

#define FW_TOTAL_SAMPLES 512u /* coordinates at most */
#define FW_TOTAL_HISTORY 256u /* versions kept of each: delays up to 254 */
#define FW_TOTAL_EVERY   8u   /* an estimate is taken every so many updates */

struct fw_total_momentum {
    uint32_t n;            /* coordinates; 0: the sensor is off */
    uint64_t *coordinates; /* owned; rising, into the flat vector */
    float *history;        /* owned; version v in row v % FW_TOTAL_HISTORY */
    uint64_t *versions;    /* owned; of each row; UINT64_MAX: empty */
    double *ratios;        /* owned; scratch for the median */
    double value;          /* smoothed mu_T; NAN: not known yet */
    uint64_t estimates;    /* medians taken */
};

/* Choose the coordinates of a model with `n_elements`; 0 turns the sensor off.
 * FW_NOMEM leaves `t` closed. */
FW_MUST_USE fw_status fw_total_momentum_init(struct fw_total_momentum *t,
                                             uint64_t n_elements);
void fw_total_momentum_close(struct fw_total_momentum *t);

/* What one step did to the sampled coordinates. */
struct fw_total_sample {
    uint64_t version; /* after the step */
    uint64_t base;    /* that the gradient was computed at; <= version - 1 */
    const float *w;   /* lent; n sampled parameters after the step */
    const float *g;   /* lent; n sampled gradients as applied; NULL: none */
    double rate;      /* alpha that the step used */
};

/* Remember the parameters and, if the history reaches back to `base`, take one
 * estimate.  Values that are not finite are passed over. */
void fw_total_momentum_add(struct fw_total_momentum *t,
                           const struct fw_total_sample *sample);

#endif
