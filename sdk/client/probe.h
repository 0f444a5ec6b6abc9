/* probe.h - how sharply the loss bends along the step.
 *
 * The gradients of one batch at w and at w + eps d, with d = g/|g|, differ by
 * about eps H d, so that
 *
 *     h = d (g(w + eps d) - g(w))/eps        (at least a quarter of |H d|)
 *
 * is the curvature along the gradient: what bounds the step.  The batch is the
 * same, so its noise cancels; nothing is remembered from probe to probe, so any
 * worker can be asked.  Why not the largest eigenvalue by power iteration:
 * docs/controller.md, "Curvature".
 *
 * Layer: sdk/client.  Thread: its owner's.  Zero is closed; close is safe
 * twice. */
#ifndef FW_CLIENT_PROBE_H
#define FW_CLIENT_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "sdk/base/status.h"

struct fw_probe {
    uint64_t n;        /* elements of each array; set by the caller */
    float *parameters; /* owned; w + eps d; NULL before the first use */
    float *gradient;   /* owned; at `parameters`; the caller fills it in */
    double eps;        /* of the last shift; 0: there is no direction */
};

void fw_probe_close(struct fw_probe *p);

/* Set p->parameters to w + eps g/|g|.  FW_NOMEM the first time only. */
FW_MUST_USE fw_status fw_probe_shift(struct fw_probe *p, const float *w,
                                     const float *g);

/* With p->gradient the gradient there and `g` the one at w: the curvature; 0 if
 * it cannot be told (a gradient is zero or not finite, or they are equal). */
double fw_probe_measure(struct fw_probe *p, const float *g);

#endif
