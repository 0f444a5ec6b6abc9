/* decision.h - records of why momentum and learning rate are what they are.
 *
 * Layer: server/momentum.  Thread: the job's.  The log keeps the last 1,024
 * decisions; its memory is taken once, at init. */
#ifndef FW_MOMENTUM_DECISION_H
#define FW_MOMENTUM_DECISION_H

#include "sdk/base/law.h"

#define FW_DECISIONS_KEPT    1024u
#define FW_DECISION_TEXT     128
#define FW_DECISION_SENTENCE 320

struct fw_decision {
    uint64_t index;        /* 1, 2, 3 ... */
    int64_t at_ms;         /* job time, monotonic */
    uint64_t version;      /* of the model when it was taken */
    uint32_t workers;      /* connected */
    double staleness_mean; /* of the trace, scaled to `workers` */
    double staleness_deviation_ratio;
    double curvature; /* 0: not known */
    enum fw_law law;  /* that decided */
    double momentum_before;
    double momentum_after;
    double rate_before; /* learning rates, before the schedule */
    double rate_after;
    double step_bound;              /* s_c(mu)/h; 0: not known */
    char binding[FW_DECISION_TEXT]; /* what limits the momentum */
    char cause[FW_DECISION_TEXT];   /* start, joined, left, lost, trace, twin,
                                       trial, sensor, operator */
    char who[FW_DECISION_TEXT];     /* the worker or operator; may be empty */
    char why[FW_DECISION_TEXT];     /* the operator's words; may be empty */
    char sentence[FW_DECISION_SENTENCE];
};

struct fw_decision_log {
    struct fw_decision *ring; /* owned; FW_DECISIONS_KEPT of them */
    uint64_t n;               /* decisions ever taken */
    uint64_t unknown;         /* of them: the first ones, never kept here */
    uint64_t inherited;       /* the last that an earlier server took; or 0 */
};

FW_MUST_USE fw_status fw_decision_log_init(struct fw_decision_log *l);
void fw_decision_log_close(struct fw_decision_log *l);

/* Number the decision and keep it, dropping the oldest if need be. */
void fw_decision_log_add(struct fw_decision_log *l,
                         const struct fw_decision *d);

/* Forget all and go on behind `n` decisions of earlier servers, oldest first;
 * `n` is 1 to FW_DECISIONS_KEPT.  Numbers go on behind the last one's index, if
 * that can be. */
void fw_decision_log_inherit(struct fw_decision_log *l,
                             const struct fw_decision *old, uint32_t n);

/* The oldest kept decision whose index is above `after`; NULL if none. */
const struct fw_decision *fw_decision_log_after(const struct fw_decision_log *l,
                                                uint64_t after);

/* The newest; NULL if none. */
const struct fw_decision *fw_decision_log_last(const struct fw_decision_log *l);

#endif
