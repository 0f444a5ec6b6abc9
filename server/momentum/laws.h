/* laws.h - the laws of momentum and step, each a formula of docs/controller.md.
 *
 *     fixed        mu*                                     s*
 *     count        clamp(mu* - (1 - 1/M), floor, mu*)      s*, or alpha* kept
 *     step         mu*                                     min(s*, cap(mu*))
 *     margin       the smaller of: mu* - tau/(1 + tau),    min(s*, cap(mu))
 *                  and the largest mu in [floor, mu*]
 *                  whose s_c is within 2 % of the maximum
 *     closed_loop  margin + trim                           min(s*, cap(mu))
 *     manual       pinned                                  pinned
 *
 * where s = alpha/(1 - mu) is the effective step and cap(mu) = 0.6 s_c(mu)/h.
 * With no worker or one, every law but `manual` is the reference.
 *
 * Arithmetic only.  Layer: server/momentum.  Thread: any. */
#ifndef FW_MOMENTUM_LAWS_H
#define FW_MOMENTUM_LAWS_H

#include <stdbool.h>
#include <stdint.h>

#include "sdk/base/law.h"
#include "server/momentum/twin.h"

#define FW_LAW_KAPPA 0.6 /* share of the stable step that is used */
#define FW_FLOOR_DEFAULT                                                       \
    (-0.8) /* lowest momentum where negative is allowed                        \
            */

/* What a job's owner configures; read once, at init. */
struct fw_controller_config {
    enum fw_law law;           /* not FW_LAW_DEFAULT */
    double reference_momentum; /* mu*, tuned with one worker; in (-1, 1) */
    double reference_rate;     /* alpha*, tuned with it; > 0 */
    enum fw_step_policy policy;
    bool allow_negative; /* momentum below 0, as a trial */
    double floor;        /* lowest momentum then; 0: FW_FLOOR_DEFAULT */
    uint64_t n_elements; /* of the model; 0: total momentum is not measured */
    uint32_t probe_interval; /* updates between probes; 0: none are made */
};

/* All that a law may look at. */
struct fw_law_view {
    enum fw_law law;                           /* not FW_LAW_DEFAULT */
    const struct fw_controller_config *config; /* lent */
    double floor;          /* lowest momentum, at most mu* */
    uint32_t workers;      /* M */
    double curvature;      /* h; NAN: not known */
    bool awaits_curvature; /* a probe's first answer is under way */
    bool unsettled;        /* the trace is not this cluster's own yet */
    double staleness;      /* mean tau of this cluster, measured or expected */
    bool regular;          /* its delays are nearly constant */
    const struct fw_twin_result *twin; /* lent; NULL: none for this cluster */
    double trim;                       /* of `closed_loop` */
    double pinned_momentum;            /* of `manual` */
    double pinned_rate;                /* of `manual` */
};

/* What a law says, and what limited it. */
struct fw_law_choice {
    double value;     /* momentum or rate; finite for a finite view */
    char binding[64]; /* what limited it; empty: nothing did */
    char words[128];  /* the same as part of a sentence */
};

/* 1 - 1/M; 0 for M < 2 (Mitliagkas et al. 2016). */
double fw_law_implicit(uint32_t workers);

/* The lowest momentum the job allows, never above its reference. */
double fw_law_floor(const struct fw_controller_config *g);

/* The momentum that the law wants. */
void fw_law_momentum(const struct fw_law_view *v, struct fw_law_choice *out);

/* s_c(mu)/h: the largest stable effective step; NAN: not known.  While the
 * trace is not this cluster's own it is not above that of equal machines,
 * 2 sin(pi/(2(2 tau + 1))) with tau = M - 1.  While the first probe is under
 * way h is taken as the largest with which the reference is stable for one
 * worker, 2(1 + mu*)/(1 - mu*)/s*.  Both are cautious for a moment. */
double fw_law_bound(const struct fw_law_view *v, double momentum);

/* The rate that goes with the momentum really used. */
void fw_law_rate(const struct fw_law_view *v, double momentum,
                 struct fw_law_choice *out);

#endif
