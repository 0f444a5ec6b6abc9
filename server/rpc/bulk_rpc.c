#include "server/rpc/bulk_rpc.h"

#include <grpc/support/time.h>

#include "sdk/base/clock.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/reason.h"
#include "server/rpc/server.h"

#define REST_MAX_US 30000000 /* a pull that would rest longer is refused */

/* --- Pull --- */

grpc_byte_buffer *fw_pull_next(struct fw_call *c)
{
    struct fw_pull_call *p = c->state;

    return fw_transfer_next(&p->transfer);
}

void fw_pull_close(struct fw_call *c)
{
    struct fw_pull_call *p = c->state;

    fw_transfer_close(&p->transfer);
    fw_version_unref(p->version);
}

static struct fw_version *newest(struct fw_job_thread *t, struct fw_err *err)
{
    struct fw_version *v = fw_job_thread_version(t);

    if (!v)
        (void)FW_REFUSE(err, NOT_INITIALIZED, "job '%s' has no parameters yet",
                        fw_job_thread_name(t));
    return v;
}

static void send_version(struct fw_call *c, struct fw_version *take)
{
    struct fw_pull_call *p = c->state;

    pthread_mutex_lock(&c->lock);
    fw_transfer_begin(&p->transfer, take);
    pthread_mutex_unlock(&c->lock);
    fw_call_finish(c, FW_OK, NULL); /* after the last chunk */
}

/* It has rested: what it asked for goes. */
static void send_rested(struct fw_pause *pause)
{
    struct fw_call *c = pause->call;
    struct fw_pull_call *p = c->state;
    struct fw_version *take = p->version;

    p->version = NULL;
    send_version(c, take);
}

/* Send it when the job's rates allow, unless that is longer than the caller or
 * anybody waits.  Takes the version. */
static void pace(struct fw_call *c, struct fw_quota *q, struct fw_version *take)
{
    struct fw_pull_call *p = c->state;
    int64_t left_us = gpr_time_to_millis(gpr_time_sub(
                          c->deadline, gpr_now(c->deadline.clock_type))) *
                      (int64_t)1000;
    int64_t now_us = fw_clock_mono_us();
    int64_t wait_us;
    struct fw_err err;
    bool refused;
    fw_status s;

    wait_us = fw_quota_try(
        q, fw_tensor_bytes(p->transfer.dtype, take->n_elements),
        left_us < REST_MAX_US ? left_us : REST_MAX_US, now_us, &refused);
    if (refused) {
        fw_version_unref(take);
        pthread_mutex_lock(&c->lock);
        c->end_retry_ms = (uint32_t)(wait_us / 1000);
        pthread_mutex_unlock(&c->lock);
        s = FW_REFUSE(&err, THROTTLED,
                      "the job sends and takes at most %llu bytes/s; try "
                      "again in %.1f s",
                      (unsigned long long)q->granted.bytes_per_second,
                      (double)wait_us / 1e6);
        fw_call_finish(c, s, &err);
    } else if (wait_us) {
        p->version = take;
        fw_pauses_put(&c->server->pauses, &p->pause, c, now_us + wait_us,
                      send_rested);
    } else {
        send_version(c, take);
    }
}

void fw_pull(struct fw_call *c, struct fw_message *m)
{
    struct fw_pull_call *p = c->state;
    struct fw_version *version = NULL;
    struct fw_job_thread *t = NULL;
    struct fw_bytes scratch = {0};
    struct fw_pull_request in;
    struct fw_err err = {0};
    struct fw_span flat;
    fw_status s;

    if (!m) {
        fw_call_finish(c, FW_REFUSE(&err, MESSAGE_INVALID, "no request"), &err);
        return;
    }
    s = fw_message_flat(m, &scratch, &flat);
    if (s == FW_OK)
        s = fw_decode_pull_request(flat.data, flat.n, &in, &err);
    if (s == FW_OK)
        s = fw_call_job(c, in.job, &t, &err);
    if (s == FW_OK)
        version = newest(t, &err);
    if (version) {
        struct fw_quota *q = fw_job_thread_pace(t);

        p->transfer.dtype = in.wire_dtype; /* nobody writes before that */
        p->transfer.head = fw_chunk_pull;
        if (q)
            pace(c, q, version);
        else
            send_version(c, version);
    } else {
        fw_call_finish(c, s == FW_OK ? FW_PRECONDITION : s, &err);
    }
    fw_job_thread_unref(t);
    fw_bytes_close(&scratch);
}

/* --- Initialize --- */

grpc_byte_buffer *fw_initialize_next(struct fw_call *c)
{
    struct fw_initialize_call *i = c->state;
    grpc_byte_buffer *answer = i->answer;

    i->answer = NULL;
    return answer;
}

void fw_initialize_close(struct fw_call *c)
{
    struct fw_initialize_call *i = c->state;

    if (i->answer)
        grpc_byte_buffer_destroy(i->answer);
    fw_gather_close(i->gather);
    fw_job_thread_unref(i->job);
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
    if (s == FW_OK) {
        pthread_mutex_lock(&c->lock);
        i->answer = fw_buffer_copy(&out);
        pthread_mutex_unlock(&c->lock);
    }
    fw_bytes_close(&out);
    fw_call_finish(c, s, &err);
    fw_call_unref(c);
}

static void drop_initialize(struct fw_letter *l)
{
    struct fw_call *c = of_letter(l)->call;
    struct fw_err err;

    fw_call_finish(c, FW_REFUSE(&err, JOB_NOT_FOUND, "the job was deleted"),
                   &err);
    fw_call_unref(c);
}

/* Where the job has parameters already nothing is kept of others. */
static bool is_initialized(struct fw_job_thread *t)
{
    struct fw_version *v = fw_job_thread_version(t);

    fw_version_unref(v);
    return v != NULL;
}

/* The first message names the job. */
static fw_status begin(struct fw_call *c, const char *name, struct fw_err *err)
{
    struct fw_initialize_call *i = c->state;
    fw_status s = fw_call_job(c, name, &i->job, err);

    if (s != FW_OK)
        return s;
    i->call = c;
    i->letter =
        (struct fw_letter){.run = run_initialize, .drop = drop_initialize};
    if (is_initialized(i->job))
        return FW_OK;
    /* First parameters come once in a job's life: they need not stand in
     * line. */
    s = fw_gather_create(fw_job_thread_pool(i->job),
                         fw_job_thread_n_elements(i->job), FW_DTYPE_F32, NULL,
                         &i->gather);
    return s == FW_OK
               ? s
               : FW_REFUSE(err, OUT_OF_MEMORY, "no memory for the parameters");
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

static fw_status add(struct fw_call *c, const struct fw_message *m,
                     struct fw_err *err)
{
    struct fw_initialize_call *i = c->state;
    struct fw_parameters_head head;
    struct fw_run data;
    fw_status s =
        fw_decode_initialize_request(m->spans, m->n_spans, &head, &data, err);

    if (s == FW_OK && !i->job)
        s = begin(c, head.job, err);
    if (s == FW_OK)
        s = i->gather ? fw_gather_add(i->gather, head.offset, &data, err)
                      : skip(i, head.offset, &data, err);
    return s;
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

    (void)now_ms;
    fw_call_finish(c, fw_err_set(&err, FW_TIMEOUT, "the upload has stopped"),
                   &err);
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

void fw_initialize(struct fw_call *c, struct fw_message *m)
{
    struct fw_initialize_call *i = c->state;
    const uint64_t bytes = m ? m->n_bytes : 0;
    struct fw_err err = {0};
    fw_status s;

    fw_call_look_at(c, 0);
    if (m)
        s = add(c, m, &err);
    else
        s = FW_REFUSE(&err, CHUNK_INVALID,
                      "the upload ended before the last parameter");
    if (s != FW_OK) {
        fw_call_finish(c, s, &err);
    } else if (!is_complete(i)) {
        read_on(c, bytes);
    } else {
        fw_call_ref(c);
        if (fw_job_thread_post(i->job, &i->letter) != FW_OK)
            drop_initialize(&i->letter);
    }
}
