#include "server/rpc/history_rpc.h"

#include <stdio.h>

#include "sdk/wire/codec.h"
#include "server/rpc/server.h"

static struct fw_history_call *of_task(struct fw_task *t)
{
    return (struct fw_history_call *)((char *)t -
                                      offsetof(struct fw_history_call, task));
}

static void end(struct fw_history_call *k, fw_status s, struct fw_bytes *out,
                const struct fw_err *err)
{
    fw_unary_answer(k->call, s, out, err);
    fw_call_unref(k->call);
}

static void run_get(struct fw_task *t)
{
    struct fw_history_call *k = of_task(t);
    struct fw_history_series series;
    struct fw_bytes out = {0};
    struct fw_err err = {0};
    fw_status s = fw_history_read(k->call->server->jobs->history, &k->of.series,
                                  &series, &err);

    if (s == FW_OK) /* a run was perhaps told by its number */
        s = fw_access_job(&k->call->principal, series.job, &err);
    if (s == FW_OK)
        s = fw_encode_get_history_response(&series, &out);
    fw_history_series_close(&series);
    end(k, s, &out, &err);
}

static void run_list(struct fw_task *t)
{
    struct fw_history_call *k = of_task(t);
    struct fw_run_list list;
    struct fw_bytes out = {0};
    struct fw_err err = {0};
    fw_status s = fw_history_runs(k->call->server->jobs->history, &k->of.runs,
                                  &list, &err);

    if (s == FW_OK)
        s = fw_encode_list_runs_response(&list, &out);
    fw_run_list_close(&list);
    end(k, s, &out, &err);
}

/* Stand in line for the disk, if the request was good. */
static void post(struct fw_call *c, void (*run)(struct fw_task *), fw_status s,
                 struct fw_err *err)
{
    struct fw_history_call *k = c->state;
    struct fw_bytes none = {0};

    k->call = c;
    k->task.run = run;
    if (s == FW_OK) {
        fw_call_ref(c);
        s = fw_desk_post(&c->server->desk, &k->task, err);
        if (s != FW_OK)
            fw_call_unref(c);
    }
    if (s != FW_OK)
        fw_unary_answer(c, s, &none, err);
}

void fw_get_history(struct fw_call *c, struct fw_message *m)
{
    struct fw_history_call *k = c->state;
    struct fw_bytes scratch = {0};
    struct fw_err err = {0};
    struct fw_span flat;
    fw_status s;

    if (!fw_unary_take(c, m, &scratch, &flat))
        return;
    s = fw_decode_get_history_request(flat.data, flat.n, &k->of.series, &err);
    if (s == FW_OK && k->of.series.job[0])
        s = fw_access_job(&c->principal, k->of.series.job, &err);
    post(c, run_get, s, &err);
    fw_bytes_close(&scratch);
}

void fw_list_runs(struct fw_call *c, struct fw_message *m)
{
    struct fw_history_call *k = c->state;
    struct fw_bytes scratch = {0};
    struct fw_err err = {0};
    struct fw_span flat;
    fw_status s;

    if (!fw_unary_take(c, m, &scratch, &flat))
        return;
    s = fw_decode_list_runs_request(flat.data, flat.n, &k->of.runs, &err);
    if (s == FW_OK && !k->of.runs.job[0]) /* of one job: only its runs */
        snprintf(k->of.runs.job, sizeof(k->of.runs.job), "%s",
                 c->principal.job);
    if (s == FW_OK && k->of.runs.job[0])
        s = fw_access_job(&c->principal, k->of.runs.job, &err);
    post(c, run_list, s, &err);
    fw_bytes_close(&scratch);
}
