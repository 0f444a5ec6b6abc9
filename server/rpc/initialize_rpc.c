#include "server/rpc/initialize_rpc.h"

#include "sdk/base/clock.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/reason.h"
#include "server/rpc/server.h"

#define LOOK_US 50000 /* between looks for room */

void fw_initialize_close(struct fw_call *c)
{
    struct fw_initialize_call *i = c->state;

    fw_message_close(&i->held);
    fw_gather_close(i->gather);
    fw_job_thread_unref(i->job);
    fw_unary_close(c);
}

static struct fw_initialize_call *of_letter(struct fw_letter *l)
{
    return (struct fw_initialize_call *)((char *)l -
                                         offsetof(struct fw_initialize_call,
                                                  letter));
}

static void run_initialize(struct fw_letter *l, struct fw_job *job,
                           int64_t now_ms)
{
    struct fw_initialize_call *i = of_letter(l);
    struct fw_gather *take = i->gather;
    struct fw_initialize_response answer;
    struct fw_call *c = i->call;
    struct fw_bytes out = {0};
    struct fw_err err = {0};
    fw_status s;

    (void)now_ms;
    i->gather = NULL;
    s = fw_job_initialize(job, take, &answer, &err);
    fw_job_thread_publish(i->job); /* before anybody knows of it */
    if (s == FW_OK)
        s = fw_encode_initialize_response(&answer, &out);
    fw_unary_answer(c, s, &out, &err);
    fw_call_unref(c);
}

static void drop_initialize(struct fw_letter *l)
{
    fw_unary_dropped(of_letter(l)->call);
}

/* The first message names the job. */
static fw_status begin(struct fw_call *c, const char *name, struct fw_err *err)
{
    struct fw_initialize_call *i = c->state;

    i->call = c;
    i->letter =
        (struct fw_letter){.run = run_initialize, .drop = drop_initialize};
    return fw_call_job(c, name, &i->job, err);
}

static bool is_initialized(struct fw_job_thread *t)
{
    struct fw_version *v = fw_job_thread_version(t);

    fw_version_unref(v);
    return v != NULL;
}

/* Is there room, or none needed? */
static bool has_place(struct fw_initialize_call *i)
{
    if (i->gather || i->is_late)
        return true;
    i->is_late = is_initialized(i->job);
    if (!i->is_late)
        i->gather =
            fw_gather_try(fw_job_thread_pool(i->job),
                          fw_job_thread_n_elements(i->job), FW_DTYPE_F32);
    return i->gather || i->is_late;
}

/* Count what is not kept. */
static fw_status skip(struct fw_initialize_call *i, uint64_t offset,
                      const struct fw_run *data, struct fw_err *err)
{
    uint64_t n = data->n / sizeof(float);

    if (offset != i->next || !n || data->n % sizeof(float) ||
        n > fw_job_thread_n_elements(i->job) - i->next)
        return FW_REFUSE(
            err, CHUNK_INVALID, "a chunk at %llu where %llu comes next",
            (unsigned long long)offset, (unsigned long long)i->next);
    i->next += n;
    return FW_OK;
}

static bool is_complete(const struct fw_initialize_call *i)
{
    return i->gather ? fw_gather_complete(i->gather)
                     : i->next == fw_job_thread_n_elements(i->job);
}

static void read_next(struct fw_call *c)
{
    fw_call_look_at(c, fw_clock_mono_ms() + c->server->deadlines.unread_ms);
    fw_call_read(c);
}

static void read_rested(struct fw_pause *pause)
{
    read_next(pause->call);
}

void fw_initialize_look(struct fw_call *c, int64_t now_ms)
{
    struct fw_err err;

    if (fw_call_due(c, now_ms))
        fw_call_finish(
            c, fw_err_set(&err, FW_TIMEOUT, "the upload has stopped"), &err);
}

/* The next message, when the job's rates allow. */
static void read_on(struct fw_call *c, uint64_t bytes)
{
    struct fw_initialize_call *i = c->state;
    struct fw_quota *q = fw_job_thread_pace(i->job);
    int64_t now_us = fw_clock_mono_us();
    int64_t wait_us = q ? fw_quota_take(q, 0, bytes, now_us) : 0;

    if (wait_us)
        fw_pauses_put(&c->server->pauses, &i->pause, c, now_us + wait_us,
                      read_rested);
    else
        read_next(c);
}

/* A message goes where it belongs; false: there is no room for it yet. */
static bool take(struct fw_call *c, const struct fw_message *m)
{
    struct fw_initialize_call *i = c->state;
    struct fw_parameters_head head;
    struct fw_run data;
    struct fw_err err = {0};
    fw_status s =
        fw_decode_initialize_request(m->spans, m->n_spans, &head, &data, &err);

    if (s == FW_OK && !i->job)
        s = begin(c, head.job, &err);
    if (s == FW_OK && !has_place(i))
        return false;
    if (s == FW_OK)
        s = i->gather ? fw_gather_add(i->gather, head.offset, &data, &err)
                      : skip(i, head.offset, &data, &err);
    if (s != FW_OK) {
        fw_call_finish(c, s, &err);
    } else if (!is_complete(i)) {
        read_on(c, m->n_bytes);
    } else {
        fw_call_ref(c);
        if (fw_job_thread_post(i->job, &i->letter) != FW_OK)
            drop_initialize(&i->letter);
    }
    return true;
}

/* The first message has rested: is there room by now?  How long that may take
 * is for the client to say. */
static void try_again(struct fw_pause *pause)
{
    struct fw_call *c = pause->call;
    struct fw_initialize_call *i = c->state;
    struct fw_err err;

    if (fw_call_over(c))
        return;
    if (take(c, &i->held))
        fw_message_close(&i->held); /* the pause keeps the call till here */
    else if (fw_server_draining(c->server))
        fw_call_finish(c, FW_REFUSE(&err, DRAINING, "the server is going down"),
                       &err);
    else
        fw_pauses_put(&c->server->pauses, pause, c,
                      fw_clock_mono_us() + LOOK_US, try_again);
}

void fw_initialize(struct fw_call *c, struct fw_message *m)
{
    struct fw_initialize_call *i = c->state;
    struct fw_err err = {0};
    fw_status s;

    fw_call_look_at(c, 0);
    if (!m) {
        fw_call_finish(c,
                       FW_REFUSE(&err, CHUNK_INVALID,
                                 "the upload ended before the last parameter"),
                       &err);
        return;
    }
    if (take(c, m))
        return;
    s = fw_message_keep(&i->held, m, &err);
    if (s == FW_OK)
        fw_pauses_put(&c->server->pauses, &i->pause, c,
                      fw_clock_mono_us() + LOOK_US, try_again);
    else
        fw_call_finish(c, s, &err);
}
