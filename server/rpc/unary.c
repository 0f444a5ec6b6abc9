#include "server/rpc/unary.h"

#include <stdio.h>

#include "sdk/wire/reason.h"
#include "server/rpc/server.h"

void fw_unary_start(struct fw_call *c)
{
    fw_call_read(c);
}

grpc_byte_buffer *fw_unary_next(struct fw_call *c)
{
    struct fw_unary *u = c->state;
    grpc_byte_buffer *answer = u->answer;

    u->answer = NULL;
    return answer;
}

void fw_unary_close(struct fw_call *c)
{
    struct fw_unary *u = c->state;

    if (u->answer)
        grpc_byte_buffer_destroy(u->answer);
}

bool fw_unary_take(struct fw_call *c, struct fw_message *m,
                   struct fw_bytes *scratch, struct fw_span *flat)
{
    struct fw_err err;
    fw_status s;

    if (!m) {
        fw_call_finish(
            c, FW_REFUSE(&err, MESSAGE_INVALID, "the request is missing"),
            &err);
        return false;
    }
    s = fw_message_flat(m, scratch, flat);
    if (s != FW_OK)
        fw_call_finish(
            c, FW_REFUSE(&err, OUT_OF_MEMORY, "no memory for the request"),
            &err);
    return s == FW_OK;
}

bool fw_unary_again(struct fw_call *c, const char *id)
{
    struct fw_unary *u = c->state;
    struct fw_bytes bytes = {0};
    bool found = *id && fw_answers_find(&c->server->answers, c->method->path,
                                        id, &bytes);

    if (found)
        fw_unary_answer(c, FW_OK, &bytes, NULL); /* has no id: not kept twice */
    else
        snprintf(u->id, sizeof(u->id), "%s", id);
    return found;
}

void fw_unary_answer(struct fw_call *c, fw_status s, struct fw_bytes *bytes,
                     const struct fw_err *err)
{
    struct fw_unary *u = c->state;
    struct fw_err none = {"OUT_OF_MEMORY", "no memory for the answer"};

    if (s == FW_OK && u->id[0])
        fw_answers_keep(&c->server->answers, c->method->path, u->id, bytes);
    if (s == FW_OK) {
        pthread_mutex_lock(&c->lock);
        u->answer = fw_buffer_copy(bytes);
        pthread_mutex_unlock(&c->lock);
    }
    fw_bytes_close(bytes);
    fw_call_finish(c, s, s == FW_NOMEM ? &none : err);
}

static void post(struct fw_call *c, struct fw_job_thread *t,
                 struct fw_letter *letter)
{
    struct fw_err err;
    fw_status s;

    fw_call_ref(c);
    s = fw_job_thread_post(t, letter);
    if (s == FW_OK)
        return;
    if (s == FW_BUSY)
        s = FW_REFUSE(&err, OVERLOADED, "the job's mailbox is full; try again");
    else
        s = FW_REFUSE(&err, JOB_NOT_FOUND, "the job is being deleted");
    fw_call_finish(c, s, &err);
    fw_call_unref(c);
}

void fw_unary_ask(struct fw_call *c, fw_status s, const char *job,
                  struct fw_letter *letter, struct fw_err *err)
{
    struct fw_job_thread *t = NULL;
    struct fw_bytes none = {0};

    if (s == FW_OK)
        s = fw_call_job(c, job, &t, err);
    if (s == FW_OK)
        post(c, t, letter);
    else
        fw_unary_answer(c, s, &none, err);
    fw_job_thread_unref(t);
}

void fw_unary_dropped(struct fw_call *c)
{
    struct fw_err err;

    fw_call_finish(c, FW_REFUSE(&err, JOB_NOT_FOUND, "the job was deleted"),
                   &err);
    fw_call_unref(c);
}
