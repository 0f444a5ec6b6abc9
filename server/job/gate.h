/* gate.h - keeps poisoned gradients out of the model.
 *
 * A gradient whose norm is many times the median of the last ones is clipped to
 * that limit, or refused, as the job says.  A worker whose gradients are NaN,
 * were refused so, or were gross, three times within 100, is put in quarantine:
 * its gradients are refused until an operator releases it.
 * What was only clipped is no mark: near a minimum the norms of a healthy
 * network have long tails.  There most samples are learnt and the median is
 * next to nothing, while every fourth batch or so still holds a hard one.  So
 * gross is measured from the upper quartile.
 *
 * Arithmetic only.  Layer: server/job.  Thread: the job's.  Lives inside struct
 * fw_job. */
#ifndef FW_JOB_GATE_H
#define FW_JOB_GATE_H

#include "sdk/wire/job_spec.h"
#include "server/job/params.h"
#include "server/job/sessions.h"

#define FW_GATE_KEPT  64u /* norms, of which the median is taken */
#define FW_GATE_GROSS 5.0 /* outliers beyond which clipping is not enough */

struct fw_gate {
    double ratio;                /* set at init; 0: no gate for norms */
    bool reject;                 /* set at init; else outliers are clipped */
    uint32_t n;                  /* norms in the ring */
    uint32_t next;               /* place of the oldest once it is full */
    double ring[FW_GATE_KEPT];   /* in the order in which they came */
    double sorted[FW_GATE_KEPT]; /* the same, rising */
    uint64_t clipped;            /* gradients */
    uint64_t outliers;           /* refused */
};

void fw_gate_init(struct fw_gate *g, const struct fw_limits_spec *limits);

/* The largest norm that passes; INFINITY while too few were seen. */
double fw_gate_limit(const struct fw_gate *g);

/* The largest norm that no healthy worker exceeds again and again:
 * FW_GATE_GROSS times the ratio times the upper quartile; INFINITY while too
 * few were seen. */
double fw_gate_gross(const struct fw_gate *g);

/* A gradient of this norm was accepted. */
void fw_gate_add(struct fw_gate *g, double norm);

/* A worker's gradient number `sequence` was poison.  True: it is in quarantine
 * from now on. */
bool fw_gate_strike(struct fw_session *w, uint64_t sequence);

#endif
