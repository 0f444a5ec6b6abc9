/* laws.h - what each law makes of the reference and the number of workers.
 *
 * fixed    mu*, alpha*: whatever happens.
 * count    mu = clamp(mu* - (1 - 1/M), floor, mu*): the implicit momentum of M
 *          memoryless workers (Mitliagkas et al. 2016, theorem 3) is taken off
 *          the explicit one; the rate keeps the effective step alpha/(1 - mu),
 *          or alpha itself (step policy).
 * manual   what an operator pinned.
 *
 * Layer: server/momentum.  Thread: any; pure functions. */
#ifndef FW_MOMENTUM_LAWS_H
#define FW_MOMENTUM_LAWS_H

#include <stdbool.h>

#include "sdk/base/law.h"

#define FW_FLOOR_DEFAULT (-0.8) /* lowest momentum where negative is allowed   \
                                 */

/* What a job's owner configures; read once, at init. */
struct fw_controller_config {
    enum fw_law law;           /* fixed, count or manual */
    double reference_momentum; /* mu*, tuned with one worker; in (-1, 1) */
    double reference_rate;     /* alpha*, tuned with it; > 0 */
    enum fw_step_policy policy;
    bool allow_negative; /* momentum below 0 */
    double floor;        /* lowest momentum then; 0: FW_FLOOR_DEFAULT */
};

/* What a law asks for. */
struct fw_target {
    double momentum;
    double rate;         /* learning rate, before the schedule */
    const char *binding; /* what limits the momentum; a constant */
};

/* 1 - 1/M; 0 for fewer than two workers. */
double fw_law_implicit(uint32_t workers);

/* The rate that keeps the reference's effective step alpha/(1 - mu) at `mu`. */
double fw_law_rate_keeping_step(const struct fw_controller_config *g,
                                double mu);

/* `law` is fixed or count. */
struct fw_target fw_law_target(enum fw_law law,
                               const struct fw_controller_config *g,
                               uint32_t workers);

#endif
