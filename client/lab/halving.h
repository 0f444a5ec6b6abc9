/* halving.h - momentum and learning rate of one worker, by successive halving
 * (Jamieson & Talwalkar 2016): all candidates get a few updates, the better
 * third gets three times as many, and so on.
 *
 * One worker has no staleness, so the lab's run of it is the run itself, only
 * without waiting.
 *
 * Layer: client/lab.  Thread: the caller's. */
#ifndef FW_LAB_HALVING_H
#define FW_LAB_HALVING_H

#include "client/lab/study.h"

#define FW_CANDIDATES_MAX 128u

struct fw_candidate {
    double momentum;
    double rate;
    double loss;      /* after `updates`; infinity: it diverged */
    uint64_t updates; /* that it was given last */
};

/* The default candidates: momenta 0 to .95, rates two a decade from `low` to
 * `high`; how many. */
size_t fw_candidates_spread(struct fw_candidate *out, double low, double high);

/* Let them race; afterwards out[0] is the winner and the first *n_last had the
 * last round.  `base` says problem, data and seeds; its cells, arms and limits
 * are not used.  Among those within 2 % of the best loss the smallest effective
 * step wins: it is the one least near its limit.  FW_INVALID: all diverged. */
FW_MUST_USE fw_status fw_halving_run(const struct fw_study *base,
                                     uint64_t last_updates,
                                     struct fw_candidate *c, size_t n,
                                     size_t *n_last, struct fw_err *err);

#endif
