/* evaluator.h - judges the newest parameters on held-out data, and reports.
 *
 * It does not join: an evaluator is no worker and moves no momentum.
 *
 * Layer: client/worker.  Thread: its caller's.  Zero-initialise; close is safe
 * twice and on zero. */
#ifndef FW_WORKER_EVALUATOR_H
#define FW_WORKER_EVALUATOR_H

#include "client/worker/task.h"
#include "sdk/client/admin.h"

struct fw_evaluator {
    struct fw_admin *admin; /* lent */
    struct fw_task *task;   /* lent */
    const char *job;        /* lent */
    float *parameters;      /* owned */
    uint64_t n;             /* in `parameters` */
};

FW_MUST_USE fw_status fw_evaluator_init(struct fw_evaluator *e,
                                        struct fw_admin *admin,
                                        struct fw_task *task, const char *job);
void fw_evaluator_close(struct fw_evaluator *e);

/* Pull, evaluate, report.  NOT_INITIALIZED if there is nothing to pull yet. */
FW_MUST_USE fw_status fw_evaluator_run(struct fw_evaluator *e,
                                       struct fw_evaluation *out,
                                       struct fw_err *err);

#endif
