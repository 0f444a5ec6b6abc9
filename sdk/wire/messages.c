#include "sdk/wire/messages.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"

void fw_join_request_close(struct fw_join_request *m)
{
    fw_tensor_list_close(&m->tensors);
}

void fw_job_message_close(struct fw_job_message *m)
{
    fw_job_spec_close(&m->spec);
}

void fw_job_names_close(struct fw_job_names *m)
{
    free(m->items);
    *m = (struct fw_job_names){0};
}

void fw_job_status_close(struct fw_job_status *m)
{
    free(m->worker);
    m->worker = NULL;
    m->n_workers = 0;
}

void fw_status_response_close(struct fw_status_response *m)
{
    for (uint32_t i = 0; i < m->n_jobs; i++)
        fw_job_status_close(&m->jobs[i]);
    free(m->jobs);
    m->jobs = NULL;
    m->n_jobs = 0;
}

void fw_watch_response_close(struct fw_watch_response *m)
{
    fw_job_status_close(&m->job);
}

void fw_trace_response_close(struct fw_trace_response *m)
{
    free(m->taus);
    *m = (struct fw_trace_response){0};
}

void fw_decision_list_close(struct fw_decision_list *m)
{
    free(m->items);
    *m = (struct fw_decision_list){0};
}

fw_status fw_job_status_copy(const struct fw_job_status *from,
                             struct fw_job_status *to)
{
    struct fw_worker_status *worker =
        fw_mem_array(from->n_workers, sizeof(*worker));

    if (!worker)
        return FW_NOMEM;
    if (from->n_workers)
        memcpy(worker, from->worker, from->n_workers * sizeof(*worker));
    *to = *from;
    to->worker = worker;
    return FW_OK;
}
