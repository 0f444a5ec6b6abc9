#include "server/rpc/bulk_rpc.h"

#include "sdk/wire/codec.h"
#include "sdk/wire/reason.h"
#include "server/rpc/server.h"

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
}

/* The version that a pull will send. */
static fw_status find_version(struct fw_call *c, const char *job,
                              struct fw_version **out, struct fw_err *err)
{
    struct fw_job_thread *t;
    fw_status s = fw_call_job(c, job, &t, err);

    if (s != FW_OK)
        return s;
    *out = fw_job_thread_version(t);
    fw_job_thread_unref(t);
    return *out ? FW_OK
                : FW_REFUSE(err, NOT_INITIALIZED,
                            "job '%s' has no parameters yet", job);
}

void fw_pull(struct fw_call *c, struct fw_message *m)
{
    struct fw_pull_call *p = c->state;
    struct fw_version *version = NULL;
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
        s = find_version(c, in.job, &version, &err);
    if (s == FW_OK) {
        pthread_mutex_lock(&c->lock);
        p->transfer.dtype = in.wire_dtype;
        p->transfer.head = fw_chunk_pull;
        fw_transfer_begin(&p->transfer, version);
        pthread_mutex_unlock(&c->lock);
    }
    fw_call_finish(c, s, &err); /* after the last chunk */
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
    /* First parameters come once in a job's life: they need not stand in
     * line. */
    s = fw_gather_create(fw_job_thread_pool(i->job),
                         fw_job_thread_n_elements(i->job), FW_DTYPE_F32, NULL,
                         &i->gather);
    return s == FW_OK
               ? s
               : FW_REFUSE(err, OUT_OF_MEMORY, "no memory for the parameters");
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
        s = fw_gather_add(i->gather, head.offset, &data, err);
    return s;
}

void fw_initialize(struct fw_call *c, struct fw_message *m)
{
    struct fw_initialize_call *i = c->state;
    struct fw_err err = {0};
    fw_status s;

    if (m)
        s = add(c, m, &err);
    else
        s = FW_REFUSE(&err, CHUNK_INVALID,
                      "the upload ended before the last parameter");
    if (s != FW_OK) {
        fw_call_finish(c, s, &err);
    } else if (!fw_gather_complete(i->gather)) {
        fw_call_read(c);
    } else {
        fw_call_ref(c);
        if (fw_job_thread_post(i->job, &i->letter) != FW_OK)
            drop_initialize(&i->letter);
    }
}
