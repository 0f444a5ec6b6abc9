/* controller.h - chooses explicit momentum and learning rate for a job.
 *
 * It only sees numbers (who is there, how stale gradients are, how sharp the
 * loss is) and only returns decisions; each is kept with its sentence.  The
 * theory and every formula's source: docs/controller.md.
 *
 * Arithmetic only: no clock, no lock, no I/O; the one allocation is at init.
 * A sensor that is not finite is ignored and the last good decision held.
 *
 * Layer: server/momentum.  Thread: the job's.  Lives inside struct fw_job. */
#ifndef FW_MOMENTUM_CONTROLLER_H
#define FW_MOMENTUM_CONTROLLER_H

#include "server/momentum/decision.h"
#include "server/momentum/laws.h"
#include "server/momentum/staleness.h"

/* Why the number of workers changed. */
enum fw_member_cause {
    FW_MEMBER_JOINED,
    FW_MEMBER_LEFT,
    FW_MEMBER_LOST, /* its lease ran out */
};

/* One applied gradient, as the controller sees it. */
struct fw_observation {
    uint64_t version;   /* the model's version after it */
    uint64_t staleness; /* tau: versions applied since its base */
    double curvature;   /* h of a probe; NAN: none */
};

struct fw_controller {
    struct fw_controller_config config; /* set at init */
    enum fw_law law;     /* in force: the configured or an operator's */
    double momentum;     /* in use; finite, in (-1, 1) */
    double rate;         /* in use, before the schedule; finite, > 0 */
    double target;       /* momentum the law wants; equals `momentum` for the
                          * laws that act at once */
    uint32_t workers;    /* connected */
    double curvature;    /* smoothed h of the probes; 0: not known */
    const char *binding; /* what limits the momentum; a constant */
    struct fw_staleness staleness;
    struct fw_decision_log log; /* owned */
};

/* Begin with the reference and no workers; the first decision says so.
 * FW_NOMEM leaves `c` closed. */
FW_MUST_USE fw_status fw_controller_init(struct fw_controller *c,
                                         const struct fw_controller_config *g,
                                         int64_t now_ms);
void fw_controller_close(struct fw_controller *c);

/* The number of connected workers is now `workers`: decide at once, before the
 * trace can tell.  `who` (may be NULL) is the worker's name. */
void fw_controller_members(struct fw_controller *c, uint32_t workers,
                           enum fw_member_cause cause, const char *who,
                           uint64_t version, int64_t now_ms);

/* A gradient was applied. */
void fw_controller_observe(struct fw_controller *c,
                           const struct fw_observation *o);

/* An operator's will: FW_LAW_MANUAL pins `momentum` (in (-1, 1)) and `rate`
 * (NAN: keep the effective step); another law hands over to it; FW_LAW_DEFAULT
 * goes back to the configured one.  Takes effect at the next step; recorded
 * with who and why.  FW_INVALID (reason CONTROLLER_INVALID) changes nothing. */
FW_MUST_USE fw_status fw_controller_set(struct fw_controller *c,
                                        enum fw_law law, double momentum,
                                        double rate, const char *who,
                                        const char *why, uint64_t version,
                                        int64_t now_ms, struct fw_err *err);

#endif
