#include "server/rpc/status_rpc.h"

#include <stdio.h>
#include <string.h>

#include "sdk/base/clock.h"
#include "sdk/base/mem.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/reason.h"
#include "server/rpc/server.h"

static void tell_server(struct fw_server *s, size_t n_jobs,
                        struct fw_server_status *out)
{
    *out = (struct fw_server_status){
        .incarnation = s->jobs->incarnation,
        .uptime_ms = (uint64_t)(fw_clock_mono_ms() - s->born_ms),
        .jobs = (uint32_t)n_jobs,
        .draining = fw_server_draining(s),
        .unix_ms = fw_clock_unix_ms(),
    };
    snprintf(out->version, sizeof(out->version), "%s", fw_version());
}

/* One more job; in a list of jobs without its workers. */
static fw_status add_job(struct fw_job_thread *job, bool with_workers,
                         struct fw_status_response *out)
{
    struct fw_snapshot *snapshot = fw_job_thread_snapshot(job);
    fw_status s =
        fw_job_status_copy(&snapshot->status, &out->jobs[out->n_jobs]);

    if (s == FW_OK && !with_workers)
        out->jobs[out->n_jobs].n_workers = 0;
    if (s == FW_OK)
        out->n_jobs++;
    fw_snapshot_unref(snapshot);
    return s;
}

static fw_status tell_job(struct fw_job_thread *job, bool with_workers,
                          struct fw_status_response *out)
{
    out->jobs = fw_mem_array(1, sizeof(*out->jobs));
    return out->jobs ? add_job(job, with_workers, out) : FW_NOMEM;
}

/* Those of `n` jobs that the caller may see. */
static fw_status tell_jobs(struct fw_call *c, struct fw_job_thread **jobs,
                           size_t n, struct fw_status_response *out)
{
    fw_status s = FW_OK;

    out->jobs = fw_mem_array(n, sizeof(*out->jobs));
    if (!out->jobs)
        return FW_NOMEM;
    for (size_t i = 0; i < n && s == FW_OK; i++) {
        if (fw_access_job(&c->principal, fw_job_thread_name(jobs[i]), NULL) ==
            FW_OK)
            s = add_job(jobs[i], false, out);
    }
    return s;
}

static fw_status answer_status(struct fw_call *c,
                               const struct fw_status_request *in,
                               struct fw_bytes *out, struct fw_err *err)
{
    struct fw_status_response answer = {0};
    struct fw_job_thread *one = NULL;
    struct fw_job_thread **all = NULL;
    size_t n = 0;
    fw_status s;

    if (in->job[0]) {
        s = fw_call_job(c, in->job, &one, err);
        if (s == FW_OK)
            s = tell_job(one, true, &answer);
        fw_job_thread_unref(one);
    } else {
        s = fw_jobs_all(c->server->jobs, &all, &n);
        if (s == FW_OK)
            s = tell_jobs(c, all, n, &answer);
        fw_jobs_all_close(all, n);
    }
    tell_server(c->server, in->job[0] ? 1 : answer.n_jobs, &answer.server);
    if (s == FW_OK)
        s = fw_encode_get_status_response(&answer, out);
    fw_status_response_close(&answer);
    return s;
}

void fw_get_status(struct fw_call *c, struct fw_message *m)
{
    struct fw_bytes scratch = {0};
    struct fw_bytes out = {0};
    struct fw_err err = {0};
    struct fw_status_request in;
    struct fw_span flat;
    fw_status s;

    if (!fw_unary_take(c, m, &scratch, &flat))
        return;
    s = fw_decode_get_status_request(flat.data, flat.n, &in, &err);
    if (s == FW_OK)
        s = answer_status(c, &in, &out, &err);
    fw_unary_answer(c, s, &out, &err);
    fw_bytes_close(&scratch);
}

static struct fw_decisions_call *decisions_of(struct fw_letter *l)
{
    return (
        struct fw_decisions_call *)((char *)l -
                                    offsetof(struct fw_decisions_call, letter));
}

static void run_decisions(struct fw_letter *l, struct fw_job *job,
                          int64_t now_ms)
{
    struct fw_decisions_call *d = decisions_of(l);
    struct fw_decision_list list = {0};
    struct fw_bytes out = {0};
    struct fw_err err = {0};
    fw_status s = fw_job_decisions(job, d->request.after, d->request.limit,
                                   fw_clock_unix_ms() - now_ms, &list);

    if (s == FW_OK)
        s = fw_encode_list_decisions_response(&list, &out);
    fw_unary_answer(d->call, s, &out, &err);
    fw_decision_list_close(&list);
    fw_call_unref(d->call);
}

static void drop_decisions(struct fw_letter *l)
{
    fw_unary_dropped(decisions_of(l)->call);
}

void fw_list_decisions(struct fw_call *c, struct fw_message *m)
{
    struct fw_decisions_call *d = c->state;
    struct fw_bytes scratch = {0};
    struct fw_err err = {0};
    struct fw_span flat;
    fw_status s;

    if (!fw_unary_take(c, m, &scratch, &flat))
        return;
    d->call = c;
    d->letter =
        (struct fw_letter){.run = run_decisions, .drop = drop_decisions};
    s = fw_decode_list_decisions_request(flat.data, flat.n, &d->request, &err);
    fw_unary_ask(c, s, d->request.job, &d->letter, &err);
    fw_bytes_close(&scratch);
}

void fw_check_health(struct fw_call *c, struct fw_message *m)
{
    struct fw_bytes scratch = {0};
    struct fw_bytes out = {0};
    struct fw_err err = {0};
    char service[FW_TEXT_MAX];
    struct fw_span flat;
    fw_status s;

    if (!fw_unary_take(c, m, &scratch, &flat))
        return;
    s = fw_decode_health_request(flat.data, flat.n, service, &err);
    if (s == FW_OK)
        s = fw_encode_health_response(fw_server_draining(c->server)
                                          ? FW_HEALTH_NOT_SERVING
                                          : FW_HEALTH_SERVING,
                                      &out);
    fw_unary_answer(c, s, &out, &err);
    fw_bytes_close(&scratch);
}
