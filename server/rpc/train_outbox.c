#include "server/rpc/train_outbox.h"

#include "sdk/wire/reason.h"
#include "server/rpc/server.h"

/* Models that the thread which received a gradient steps by itself, if the job
 * rests: what it sends then is warm.  With larger ones the step and the sending
 * are better done side by side. */
#define SHORT_ELEMENTS (16u * FW_BLOCK_ELEMENTS)

grpc_byte_buffer *fw_train_next(struct fw_call *c)
{
    struct fw_train *t = c->state;
    grpc_byte_buffer *answer;

    if (!t->n_answers)
        return fw_transfer_next(&t->transfer);
    answer = t->answers[t->first_answer];
    t->first_answer = (t->first_answer + 1) % FW_ANSWERS;
    t->n_answers--;
    return answer;
}

/* Put it into the outbox; call's lock held.  False: that is full. */
static bool put(struct fw_train *t, const struct fw_bytes *bytes)
{
    unsigned at = (t->first_answer + t->n_answers) % FW_ANSWERS;

    if (t->n_answers == FW_ANSWERS)
        return false;
    t->n_answers++;
    t->answers[at] = fw_buffer_copy(bytes);
    return true;
}

/* Behind the answers; call's lock held. */
static void put_version(struct fw_train *t, struct fw_version *take)
{
    if (t->call->gone || t->call->ending)
        fw_version_unref(take);
    else
        fw_transfer_begin(&t->transfer, take);
}

void fw_train_answer_with(struct fw_train *t, const struct fw_train_response *m,
                          struct fw_version *take)
{
    struct fw_bytes bytes = {0};
    struct fw_err err;
    bool ok = fw_encode_train_response(m, &bytes) == FW_OK;

    pthread_mutex_lock(&t->call->lock);
    ok = ok && put(t, &bytes);
    if (take)
        put_version(t, take);
    pthread_mutex_unlock(&t->call->lock);
    fw_bytes_close(&bytes);
    if (ok || take)
        fw_call_pump(t->call);
    if (!ok && m->kind != FW_TRAIN_HEARTBEAT)
        fw_call_finish(
            t->call,
            FW_REFUSE(&err, OVERLOADED, "the worker does not read its answers"),
            &err);
}

void fw_train_answer(struct fw_train *t, const struct fw_train_response *m)
{
    fw_train_answer_with(t, m, NULL);
}

void fw_train_send_version(struct fw_train *t, struct fw_version *take)
{
    pthread_mutex_lock(&t->call->lock);
    put_version(t, take);
    pthread_mutex_unlock(&t->call->lock);
    fw_call_pump(t->call);
}

void fw_train_show(struct fw_train *t, struct fw_version *next, uint32_t from,
                   uint32_t n, bool *early)
{
    struct fw_call *c = t->call;

    pthread_mutex_lock(&c->lock);
    if (*early) {
        fw_transfer_more(&t->transfer, next, n);
    } else if (from == 0 && !c->gone && !c->ending) {
        *early = fw_transfer_early(&t->transfer, fw_version_ref(next), n);
        if (!*early)
            fw_version_unref(next);
    }
    pthread_mutex_unlock(&c->lock);
    if (*early)
        fw_call_pump(c);
}

static bool posted(struct fw_train *t, fw_status s)
{
    struct fw_err err;

    if (s == FW_OK)
        return true;
    s = s == FW_BUSY
            ? FW_REFUSE(&err, OVERLOADED, "the job's mailbox is full")
            : FW_REFUSE(&err, JOB_NOT_FOUND, "the job is being deleted");
    fw_call_finish(t->call, s, &err);
    fw_call_unref(t->call);
    return false;
}

bool fw_train_post(struct fw_train *t, struct fw_letter *l)
{
    fw_call_ref(t->call);
    return posted(t, fw_job_thread_post(t->job, l));
}

/* Where jobs share a thread a step must not hold up the others'. */
static bool is_short(const struct fw_train *t)
{
    const struct fw_call *c = t->call;
    uint64_t n = fw_job_thread_n_elements(t->job);

    if (!c->lane && fw_turns_mixed(&c->server->bulk.turns))
        return n <= FW_BLOCK_ELEMENTS;
    return n <= SHORT_ELEMENTS;
}

bool fw_train_do(struct fw_train *t, struct fw_letter *l)
{
    fw_call_ref(t->call);
    return posted(t, is_short(t) ? fw_job_thread_do(t->job, l)
                                 : fw_job_thread_post(t->job, l));
}

bool fw_train_end_wave(struct fw_train *t, struct fw_letter *l)
{
    fw_call_ref(t->call);
    return posted(t, fw_job_thread_end_wave(t->job, l));
}

void fw_train_job_is_gone(struct fw_train *t)
{
    struct fw_err err;

    fw_call_finish(t->call,
                   FW_REFUSE(&err, JOB_NOT_FOUND, "the job was deleted"), &err);
}
