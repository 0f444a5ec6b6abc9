#include "client/worker/evaluator.h"

#include <stdlib.h>

#include "sdk/base/mem.h"

fw_status fw_evaluator_init(struct fw_evaluator *e, struct fw_admin *admin,
                            struct fw_task *task, const char *job)
{
    *e = (struct fw_evaluator){.admin = admin,
                               .task = task,
                               .job = job,
                               .n = fw_task_n_elements(task)};
    e->parameters = fw_mem_aligned(e->n, sizeof(float));
    return e->parameters ? FW_OK : FW_NOMEM;
}

void fw_evaluator_close(struct fw_evaluator *e)
{
    free(e->parameters);
    *e = (struct fw_evaluator){0};
}

fw_status fw_evaluator_run(struct fw_evaluator *e, struct fw_evaluation *out,
                           struct fw_err *err)
{
    fw_status s;

    *out = (struct fw_evaluation){0};
    s = fw_admin_pull(e->admin, e->job, e->parameters, e->n, &out->version,
                      err);
    if (s == FW_OK)
        s = fw_task_evaluate(e->task, e->parameters, &out->loss, &out->accuracy,
                             &out->samples, err);
    if (s == FW_OK)
        s = fw_admin_report(e->admin, e->job, out, err);
    return s;
}
