/* probe.h - how sharply the loss bends: the largest curvature, one step of
 * power iteration at a time.
 *
 * A probe compares the gradients of one batch at w and at w + eps d, where d is
 * the direction in which the last probe's gradients differed:
 * h = |g(w + eps d) - g(w)| / eps.  The batch is the same, so its noise cancels
 * (docs/controller.md).
 *
 * Layer: client/worker.  Thread: its owner's.  Zero-initialise; close is safe
 * twice. */
#ifndef FW_WORKER_PROBE_H
#define FW_WORKER_PROBE_H

#include <stdbool.h>

#include "sdk/base/status.h"

#define FW_PROBE_FIRST 8 /* gradients that are all probed, to begin with */

struct fw_probe {
    float *direction;   /* owned; length 1 */
    float *parameters;  /* owned; w + eps d */
    float *gradient;    /* owned; at `parameters`; the caller fills it in */
    uint64_t n;         /* elements of each */
    uint32_t interval;  /* gradients between probes; 0: never */
    uint64_t gradients; /* that were asked about */
};

/* `interval` 0 allocates nothing. */
FW_MUST_USE fw_status fw_probe_init(struct fw_probe *p, uint64_t n,
                                    uint32_t interval, uint64_t seed);
void fw_probe_close(struct fw_probe *p);

/* Count a gradient; true if it is one to probe. */
bool fw_probe_due(struct fw_probe *p);

/* Set p->parameters to w + eps d. */
void fw_probe_shift(struct fw_probe *p, const float *w);

/* With p->gradient the gradient there and `g` the one at w: the curvature, and
 * turn the direction.  0 if the gradients do not differ or are not finite. */
double fw_probe_measure(struct fw_probe *p, const float *g);

#endif
