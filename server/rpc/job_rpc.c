#include "server/rpc/job_rpc.h"

#include <string.h>

#include "sdk/base/log.h"
#include "sdk/base/mem.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/reason.h"
#include "server/engine/saver.h"
#include "server/rpc/server.h"

void fw_create_job(struct fw_call *c, struct fw_message *m)
{
    struct fw_bytes scratch = {0};
    struct fw_bytes out = {0};
    struct fw_job_message in = {0};
    struct fw_job_message answer = {0};
    struct fw_job_thread *t = NULL;
    struct fw_err err = {0};
    struct fw_span flat;
    fw_status s;

    if (!fw_unary_take(c, m, &scratch, &flat))
        return;
    s = fw_decode_create_job_request(flat.data, flat.n, &in, &err);
    if (s == FW_OK && fw_unary_again(c, in.request_id))
        goto done;
    if (s == FW_OK && fw_server_draining(c->server))
        s = FW_REFUSE(&err, DRAINING, "the server is going down");
    if (s == FW_OK)
        s = fw_access_job(&c->principal, in.spec.name, &err);
    if (s == FW_OK)
        s = fw_jobs_create(c->server->jobs, &in.spec, &t, &err);
    if (s == FW_OK) {
        answer.spec = *fw_job_thread_spec(t); /* lent */
        s = fw_encode_create_job_response(&answer, &out);
        fw_log(FW_LOG_INFO, "job_created", "job=%s law=%s", in.spec.name,
               fw_law_name(answer.spec.controller.law));
        fw_job_thread_unref(t);
    }
    fw_unary_answer(c, s, &out, &err);
done:
    fw_job_message_close(&in);
    fw_bytes_close(&scratch);
}

void fw_get_job(struct fw_call *c, struct fw_message *m)
{
    struct fw_bytes scratch = {0};
    struct fw_bytes out = {0};
    struct fw_job_message answer = {0};
    struct fw_job_thread *t = NULL;
    struct fw_err err = {0};
    struct fw_job_ref in;
    struct fw_span flat;
    fw_status s;

    if (!fw_unary_take(c, m, &scratch, &flat))
        return;
    s = fw_decode_get_job_request(flat.data, flat.n, &in, &err);
    if (s == FW_OK)
        s = fw_call_job(c, in.job, &t, &err);
    if (s == FW_OK) {
        answer.spec = *fw_job_thread_spec(t); /* lent */
        s = fw_encode_get_job_response(&answer, &out);
        fw_job_thread_unref(t);
    }
    fw_unary_answer(c, s, &out, &err);
    fw_bytes_close(&scratch);
}

void fw_list_jobs(struct fw_call *c, struct fw_message *m)
{
    struct fw_job_thread **all = NULL;
    struct fw_job_names names = {0};
    struct fw_bytes out = {0};
    struct fw_err err = {0};
    size_t n = 0;
    fw_status s = fw_jobs_all(c->server->jobs, &all, &n);

    (void)m; /* an empty request says nothing */
    names.items = fw_mem_array(n, sizeof(*names.items));
    if (!names.items)
        s = FW_NOMEM;
    for (size_t i = 0; s == FW_OK && i < n; i++)
        if (fw_access_job(&c->principal, fw_job_thread_name(all[i]), NULL) ==
            FW_OK)
            memcpy(names.items[names.n++], fw_job_thread_spec(all[i])->name,
                   FW_NAME_MAX + 1);
    if (s == FW_OK)
        s = fw_encode_list_jobs_response(&names, &out);
    fw_unary_answer(c, s, &out, &err);
    fw_job_names_close(&names);
    if (all)
        fw_jobs_all_close(all, n);
}

void fw_delete_job(struct fw_call *c, struct fw_message *m)
{
    struct fw_bytes scratch = {0};
    struct fw_bytes out = {0};
    struct fw_job_thread *t = NULL;
    struct fw_err err = {0};
    struct fw_job_ref in;
    struct fw_span flat;
    fw_status s;

    if (!fw_unary_take(c, m, &scratch, &flat))
        return;
    s = fw_decode_delete_job_request(flat.data, flat.n, &in, &err);
    if (s == FW_OK && fw_unary_again(c, in.request_id))
        goto done;
    if (s == FW_OK)
        s = fw_access_job(&c->principal, in.job, &err);
    if (s == FW_OK)
        s = fw_jobs_take(c->server->jobs, in.job, &t, &err);
    if (s == FW_OK) {
        fw_job_thread_stop(t);
        fw_job_thread_unref(t);
        s = fw_saver_remove(c->server->store, c->server->jobs, in.job, &err);
        fw_log(FW_LOG_INFO, "job_deleted", "job=%s", in.job);
    }
    fw_unary_answer(c, s, &out, &err);
done:
    fw_bytes_close(&scratch);
}

static struct fw_set_call *set_of(struct fw_letter *l)
{
    return (struct fw_set_call *)((char *)l -
                                  offsetof(struct fw_set_call, letter));
}

static void run_set(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct fw_set_call *set = set_of(l);

    set->status = fw_job_set_controller(job, &set->set, now_ms, &set->sentence,
                                        &set->err);
}

/* The status tells of it by now. */
static void answer_set(struct fw_letter *l)
{
    struct fw_set_call *set = set_of(l);
    struct fw_bytes out = {0};
    fw_status s = set->status;

    if (s == FW_OK)
        s = fw_encode_set_controller_response(&set->sentence, &out);
    fw_unary_answer(set->call, s, &out, &set->err);
    fw_call_unref(set->call);
}

static void drop_set(struct fw_letter *l)
{
    fw_unary_dropped(set_of(l)->call);
}

void fw_set_controller(struct fw_call *c, struct fw_message *m)
{
    struct fw_set_call *set = c->state;
    struct fw_bytes scratch = {0};
    struct fw_err err = {0};
    struct fw_span flat;
    fw_status s;

    if (!fw_unary_take(c, m, &scratch, &flat))
        return;
    set->call = c;
    set->letter = (struct fw_letter){
        .run = run_set, .after = answer_set, .drop = drop_set};
    s = fw_decode_set_controller_request(flat.data, flat.n, &set->set, &err);
    if (s != FW_OK || !fw_unary_again(c, set->set.request_id))
        fw_unary_ask(c, s, set->set.job, &set->letter, &err);
    fw_bytes_close(&scratch);
}
