/* controller.h - chooses explicit momentum and learning rate for a job.
 *
 * It only sees numbers (who is there, how stale gradients are, how sharp the
 * loss is) and only returns decisions; each is kept with its sentence.  The
 * theory and every formula's source: docs/controller.md.
 *
 * Arithmetic only: no clock, no lock, no I/O; the allocations are at init.
 * A sensor that is not finite is ignored and the last good decision held.
 *
 * Layer: server/momentum.  Thread: the job's.  Lives inside struct fw_job. */
#ifndef FW_MOMENTUM_CONTROLLER_H
#define FW_MOMENTUM_CONTROLLER_H

#include <stdbool.h>

#include "server/momentum/brake.h"
#include "server/momentum/curvature.h"
#include "server/momentum/decision.h"
#include "server/momentum/laws.h"
#include "server/momentum/prober.h"
#include "server/momentum/staleness.h"
#include "server/momentum/total_momentum.h"
#include "server/momentum/trial.h"
#include "server/momentum/twin.h"

/* Why the number of workers changed. */
enum fw_member_cause {
    FW_MEMBER_JOINED,
    FW_MEMBER_LEFT,
    FW_MEMBER_LOST,      /* its lease ran out */
    FW_MEMBER_REGROUPED, /* the same workers step in other groups */
    FW_MEMBER_RESTORED,  /* they were there when a checkpoint was written */
};

/* One applied gradient, as the controller sees it. */
struct fw_observation {
    uint64_t version;   /* the model's version after it */
    uint64_t staleness; /* tau: versions applied since its base */
    uint32_t worker;    /* slot of the worker, for statistics by worker */
    double loss;        /* training loss; NAN: not known */
};

/* Momentum, rate, workers, law, log and staleness may be read at any time. */
struct fw_controller {
    struct fw_controller_config config; /* set at init */

    /* what the job uses now */
    double momentum; /* mu; finite, in (-1, 1) */
    double rate;     /* alpha, before the schedule; finite, above 0 */
    double rise;     /* share of the decided step that is in force; 1: all.
                        A fall is at once, a rise takes some updates */
    double target;   /* where the law wants mu */
    enum fw_law law; /* followed now; not FW_LAW_DEFAULT */
    uint32_t workers;
    double pinned_momentum; /* of FW_LAW_MANUAL */
    double pinned_rate;     /* of FW_LAW_MANUAL */
    double trim;            /* of FW_LAW_CLOSED_LOOP: gamma times the sum of
                               mu* - measured total momentum, bounded */
    char binding[FW_DECISION_TEXT]; /* of the last decision */
    int64_t acted_ms;   /* last decision that time or the trace made */
    int64_t refused_ms; /* last record of an unusable sensor */

    /* sensors */
    struct fw_staleness staleness;
    struct fw_curvature curvature;
    bool young; /* its probes are of the beginning, and count less */
    bool grown; /* the beginning is over, however many workers join */
    struct fw_prober prober;
    struct fw_brake brake;
    struct fw_total_momentum total;
    struct fw_trial trial;

    /* the twin, which runs elsewhere */
    struct fw_twin_result twin; /* last good one; ok: there is one */
    uint64_t ticket;            /* of the newest input handed out */
    bool running;               /* that input's result has not come back */
    bool fresh;                 /* membership changed: a run is due at once */
    bool asked_fresh;           /* the run was for that: act on it at once */
    bool asked_early;           /* the run did not wait for its time */
    int64_t asked_ms;           /* when the input was handed out */
    uint64_t asked_samples;     /* staleness.total then */
    uint64_t early_samples;     /* so many new ones make a run due early */

    struct fw_decision_log log; /* owned */
};

/* Begin with the reference and no workers; the first decision says so. FW_NOMEM
 * and FW_INVALID (a reference that is not usable) leave `c` closed. */
FW_MUST_USE fw_status fw_controller_init(struct fw_controller *c,
                                         const struct fw_controller_config *g,
                                         int64_t now_ms);
void fw_controller_close(struct fw_controller *c);

/* The number of connected workers is now `workers`: scale the trace, decide at
 * once.  `who` (may be NULL) is the worker's name. */
void fw_controller_members(struct fw_controller *c, uint32_t workers,
                           enum fw_member_cause cause, const char *who,
                           uint64_t version, int64_t now_ms);

/* A gradient is about to be applied: `h` is what its worker's probe measured,
 * NAN if it made none.  Before the step, so that the step is bounded by it. */
void fw_controller_curvature(struct fw_controller *c, double h,
                             uint64_t version, int64_t now_ms);

/* A worker is about to be answered: should it spend a second gradient on
 * measuring curvature next time?  Mostly not. */
bool fw_controller_ask_probe(struct fw_controller *c, uint64_t version);

/* A gradient was applied. */
void fw_controller_observe(struct fw_controller *c,
                           const struct fw_observation *o, int64_t now_ms);

/* Which coordinates of the flat vector to sample after each step; *n = 0: none.
 * Lent for the controller's life. */
const uint64_t *fw_controller_coordinates(const struct fw_controller *c,
                                          uint32_t *n);

/* The learning rate of the next step, before the schedule: `rate`, or less
 * while the effective step rises. */
double fw_controller_rate(const struct fw_controller *c);

/* What the step did to them; optional, feeds the measured total momentum.  The
 * gradient is looked at in every FW_TOTAL_EVERY-th version only. */
void fw_controller_sample(struct fw_controller *c,
                          const struct fw_total_sample *sample);

/* Let time pass: decide if the trace says so; at most one decision a second. */
void fw_controller_tick(struct fw_controller *c, uint64_t version,
                        int64_t now_ms);

/* An operator's will: FW_LAW_MANUAL pins `momentum` (in (-1, 1)) and `rate`
 * (NAN: keep the effective step); another law hands over to it; FW_LAW_DEFAULT
 * goes back to the configured one.  Takes effect at the next step; recorded
 * with who and why.  FW_INVALID (reason CONTROLLER_INVALID) changes nothing. */
FW_MUST_USE fw_status fw_controller_set(struct fw_controller *c,
                                        enum fw_law law, double momentum,
                                        double rate, const char *who,
                                        const char *why, uint64_t version,
                                        int64_t now_ms, struct fw_err *err);

/* The twin runs elsewhere (a pool thread, the lab inline): if one is due, the
 * input is copied out (it owns nothing of the controller's) and true returned;
 * the result is given back whenever it is ready. */
bool fw_controller_take_twin(struct fw_controller *c, int64_t now_ms,
                             struct fw_twin_input *in);
void fw_controller_give_twin(struct fw_controller *c,
                             const struct fw_twin_result *result,
                             uint64_t version, int64_t now_ms);

/* Everything a person may ask about; NAN where not known. */
struct fw_controller_view {
    enum fw_law law;
    double reference;          /* mu* */
    double momentum;           /* in use */
    double target;             /* where the law wants it */
    double rate;               /* in use, before the schedule */
    double effective_step;     /* rate/(1 - momentum) */
    double step_bound;         /* s_c(mu)/h; NAN: not known */
    double curvature;          /* h; NAN: not known */
    double implicit_predicted; /* 1 - 1/M; 0 for M < 2 */
    double implicit_trace;     /* mean/(1 + mean) */
    double total_measured;     /* YellowFin; NAN: not known */
    double twin_ms;            /* cost of the last twin run; 0: none ran */
    uint32_t workers;
    const char *binding; /* lent: what limits momentum or step */
};
void fw_controller_view(const struct fw_controller *c,
                        struct fw_controller_view *out);

#endif
