/* trial.h - negative momentum is tried before it is kept.
 *
 * While momentum may go below zero, the training loss before the change is
 * compared with the loss under it.  No worse: kept.  Worse, or no loss was
 * reported: back to zero and a rest, twice as long each time.
 *
 *   RESTING --------> READY --start--> WATCHING --no worse--> KEPT
 *      ^  rest is over                   |                      |
 *      +------------- worse -------------+      back to >= 0    |
 *                       READY <---------------------------------+
 *
 * Arithmetic only.  Layer: server/momentum.  Thread: the job's. */
#ifndef FW_MOMENTUM_TRIAL_H
#define FW_MOMENTUM_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

enum fw_trial_state {
    FW_TRIAL_READY,
    FW_TRIAL_WATCHING,
    FW_TRIAL_KEPT,
    FW_TRIAL_RESTING,
};

/* Mean and spread of losses, weighted to the recent ones. */
struct fw_trial_average {
    double mean;     /* NAN: no loss yet */
    double variance; /* about the mean */
    double slope;    /* of the mean, per loss */
    uint64_t n;      /* losses taken in */
};

struct fw_trial {
    enum fw_trial_state state;
    struct fw_trial_average recent; /* of all losses */
    struct fw_trial_average before; /* `recent` when the trial began */
    uint64_t left;                  /* updates until the verdict */
    int64_t rest_until_ms;
    int64_t rest_ms; /* of the next rest */
};

void fw_trial_init(struct fw_trial *t);

/* May momentum be below zero at `now_ms`? */
bool fw_trial_allows(struct fw_trial *t, int64_t now_ms);

/* Momentum is now below zero (or no longer): a trial of `updates` begins if it
 * was not, and a judgement is forgotten once momentum is back. */
void fw_trial_set(struct fw_trial *t, bool negative, uint64_t updates);

enum fw_trial_verdict {
    FW_TRIAL_NONE, /* nothing to tell */
    FW_TRIAL_NO_WORSE,
    FW_TRIAL_WORSE,
    FW_TRIAL_NO_LOSS, /* nobody reported a loss: counts as worse */
};

/* An update was applied; `loss` may be NAN. */
enum fw_trial_verdict fw_trial_add(struct fw_trial *t, double loss,
                                   int64_t now_ms);

#endif
