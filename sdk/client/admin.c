#include "sdk/client/admin.h"

#include <stdio.h>

#include "sdk/client/exchange.h"
#include "sdk/client/method.h"
#include "sdk/client/report.h"
#include "sdk/client/upload.h"
#include "sdk/wire/codec.h"

fw_status fw_admin_open(struct fw_admin *a, const char *address,
                        uint32_t timeout_ms, struct fw_err *err)
{
    *a = (struct fw_admin){.timeout_ms = timeout_ms};
    return fw_connection_open(&a->connection, address, NULL, timeout_ms, err);
}

void fw_admin_close(struct fw_admin *a)
{
    fw_connection_close(&a->connection);
}

fw_status fw_admin_health(struct fw_admin *a, bool *serving, struct fw_err *err)
{
    struct fw_exchange x = {0};
    enum fw_health health = FW_HEALTH_UNKNOWN;
    fw_status s = fw_exchange_call(&x, a, FW_METHOD_HEALTH_CHECK, FW_OK, err);

    if (s == FW_OK)
        s = fw_decode_health_response(x.answer.data, x.answer.n, &health, err);
    *serving = s == FW_OK && health == FW_HEALTH_SERVING;
    fw_exchange_close(&x);
    return s;
}

fw_status fw_admin_create_job(struct fw_admin *a,
                              const struct fw_job_message *m,
                              struct fw_job_message *out, struct fw_err *err)
{
    struct fw_exchange x = {0};
    fw_status s = fw_encode_create_job_request(m, &x.body);

    s = fw_exchange_call(&x, a, FW_METHOD_CREATE_JOB, s, err);
    if (s == FW_OK)
        s = fw_decode_create_job_response(x.answer.data, x.answer.n, out, err);
    fw_exchange_close(&x);
    return s;
}

fw_status fw_admin_get_job(struct fw_admin *a, const char *job,
                           struct fw_job_message *out, struct fw_err *err)
{
    struct fw_exchange x = {0};
    struct fw_job_ref m = {0};
    fw_status s;

    snprintf(m.job, sizeof(m.job), "%s", job);
    s = fw_encode_get_job_request(&m, &x.body);
    s = fw_exchange_call(&x, a, FW_METHOD_GET_JOB, s, err);
    if (s == FW_OK)
        s = fw_decode_get_job_response(x.answer.data, x.answer.n, out, err);
    fw_exchange_close(&x);
    return s;
}

fw_status fw_admin_list_jobs(struct fw_admin *a, struct fw_job_names *out,
                             struct fw_err *err)
{
    struct fw_exchange x = {0};
    fw_status s = fw_exchange_call(&x, a, FW_METHOD_LIST_JOBS, FW_OK, err);

    if (s == FW_OK)
        s = fw_decode_list_jobs_response(x.answer.data, x.answer.n, out, err);
    fw_exchange_close(&x);
    return s;
}

fw_status fw_admin_delete_job(struct fw_admin *a, const struct fw_job_ref *m,
                              struct fw_err *err)
{
    struct fw_exchange x = {0};
    fw_status s = fw_encode_delete_job_request(m, &x.body);

    s = fw_exchange_call(&x, a, FW_METHOD_DELETE_JOB, s, err);
    fw_exchange_close(&x);
    return s;
}

fw_status fw_admin_set_controller(struct fw_admin *a,
                                  const struct fw_set_controller *m,
                                  struct fw_sentence *out, struct fw_err *err)
{
    struct fw_exchange x = {0};
    fw_status s = fw_encode_set_controller_request(m, &x.body);

    s = fw_exchange_call(&x, a, FW_METHOD_SET_CONTROLLER, s, err);
    if (s == FW_OK)
        s = fw_decode_set_controller_response(x.answer.data, x.answer.n, out,
                                              err);
    fw_exchange_close(&x);
    return s;
}

fw_status fw_admin_release(struct fw_admin *a, const struct fw_release *m,
                           struct fw_err *err)
{
    struct fw_exchange x = {0};
    fw_status s = fw_encode_release_worker_request(m, &x.body);

    s = fw_exchange_call(&x, a, FW_METHOD_RELEASE_WORKER, s, err);
    fw_exchange_close(&x);
    return s;
}

fw_status fw_admin_status(struct fw_admin *a, const char *job,
                          struct fw_status_response *out, struct fw_err *err)
{
    struct fw_exchange x = {0};
    struct fw_status_request m = {0};
    fw_status s;

    snprintf(m.job, sizeof(m.job), "%s", job ? job : "");
    s = fw_encode_get_status_request(&m, &x.body);
    s = fw_exchange_call(&x, a, FW_METHOD_GET_STATUS, s, err);
    if (s == FW_OK)
        s = fw_decode_get_status_response(x.answer.data, x.answer.n, out, err);
    fw_exchange_close(&x);
    return s;
}

fw_status fw_admin_decisions(struct fw_admin *a,
                             const struct fw_decisions_request *m,
                             struct fw_decision_list *out, struct fw_err *err)
{
    struct fw_exchange x = {0};
    fw_status s = fw_encode_list_decisions_request(m, &x.body);

    s = fw_exchange_call(&x, a, FW_METHOD_LIST_DECISIONS, s, err);
    if (s == FW_OK)
        s = fw_decode_list_decisions_response(x.answer.data, x.answer.n, out,
                                              err);
    fw_exchange_close(&x);
    return s;
}

fw_status fw_admin_trace(struct fw_admin *a, const struct fw_trace_request *m,
                         struct fw_trace_response *out, struct fw_err *err)
{
    struct fw_exchange x = {0};
    fw_status s = fw_encode_get_trace_request(m, &x.body);

    s = fw_exchange_call(&x, a, FW_METHOD_GET_TRACE, s, err);
    if (s == FW_OK)
        s = fw_decode_get_trace_response(x.answer.data, x.answer.n, out, err);
    fw_exchange_close(&x);
    return s;
}

fw_status fw_admin_report(struct fw_admin *a, const char *job,
                          const struct fw_evaluation *e, struct fw_err *err)
{
    return fw_report_send(&a->connection, job, e, a->timeout_ms, err);
}

fw_status fw_admin_initialize(struct fw_admin *a, const char *job,
                              const float *values, uint64_t n,
                              struct fw_initialize_response *out,
                              struct fw_err *err)
{
    if (!n)
        return fw_err_set(err, FW_INVALID, "no parameters to upload");
    return fw_upload(&a->connection, job, values, n, a->timeout_ms, out, err);
}
