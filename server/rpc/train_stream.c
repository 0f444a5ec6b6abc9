#include "server/rpc/train_stream.h"

#include <string.h>

#include "sdk/wire/codec.h"
#include "sdk/wire/reason.h"
#include "server/rpc/server.h"
#include "server/rpc/train_lease.h"
#include "server/rpc/train_outbox.h"
#include "server/rpc/train_pace.h"
#include "server/rpc/train_pull.h"
#include "server/rpc/train_push.h"
#include "server/rpc/train_wave.h"

#define OF_MEMBER(p, member)                                                   \
    ((struct fw_train *)((char *)(p)-offsetof(struct fw_train, member)))

/* --- gradients --- */

/* All of a gradient is there; false if reading must rest. */
static bool whole(struct fw_train *t)
{
    fw_train_whole(t);
    return fw_train_push(t);
}

/* Add a chunk to the gather; false if reading must rest or the call ends. */
static bool add_chunk(struct fw_train *t, const struct fw_train_request *r)
{
    struct fw_err err;
    fw_status s;

    if (t->pace)
        fw_train_pay_gradient(t, r->data.n, t->gather->filled == 0);
    if (t->gather->filled == 0)
        fw_train_begin(t, &r->gradient);
    s = fw_gather_add(t->gather, r->gradient.offset, &r->data, &err);
    if (s != FW_OK) {
        fw_call_finish(t->call, s, &err);
        return false;
    }
    fw_train_advance(t);
    return !fw_gather_complete(t->gather) || whole(t);
}

static void *land(struct fw_call *c, const struct fw_span *seen, size_t total,
                  size_t *skip)
{
    struct fw_train *t = c->state;
    struct fw_train_request r;

    if (!t->epoch || t->dtype != FW_DTYPE_F32 ||
        !fw_peek_train_request(seen, total, &r) ||
        r.kind != FW_TRAIN_GRADIENT || r.data.n % sizeof(float))
        return NULL;
    if (!t->gather)
        t->gather = fw_gather_try(fw_job_thread_pool(t->job),
                                  fw_job_thread_n_elements(t->job), t->dtype);
    if (!t->gather)
        return NULL;
    if (!t->gather->filled)
        fw_train_begin(t, &r.gradient);
    if (t->pace)
        fw_train_pay_gradient(t, r.data.n, t->gather->filled == 0);
    *skip = r.data.skip;
    t->landed = 0;
    return fw_gather_land(t->gather, r.gradient.offset,
                          r.data.n / sizeof(float));
}

static void landed(struct fw_call *c, size_t n, bool all)
{
    struct fw_train *t = c->state;

    t->landed += n;
    fw_gather_landed(t->gather, t->landed / sizeof(float));
    t->landed %= sizeof(float);
    fw_train_advance(t);
    if (!all)
        return;
    fw_train_touch(t);
    if (!fw_gather_complete(t->gather) || whole(t))
        fw_train_read_on(t);
}

/* There is room: go on with the chunk that was held.  Job thread. */
static void run_room(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct fw_train *t = OF_MEMBER(l, room_letter);
    struct fw_call *c = t->call;
    struct fw_train_request r;
    struct fw_err err;

    (void)job;
    (void)now_ms;
    fw_train_stand(t, false);
    t->gather = t->granted;
    t->granted = NULL;
    if (!t->gather)
        fw_call_finish(c,
                       FW_REFUSE(&err, OUT_OF_MEMORY,
                                 "no memory for a gradient; try again"),
                       &err);
    else if (fw_decode_train_request(t->held.spans, t->held.n_spans, &r,
                                     &err) == FW_OK &&
             add_chunk(t, &r))
        fw_train_read_on(t);
    fw_message_close(&t->held);
    fw_call_unref(c);
}

static void drop_room(struct fw_letter *l)
{
    struct fw_train *t = OF_MEMBER(l, room_letter);

    fw_train_job_is_gone(t);
    fw_call_unref(t->call);
}

/* The pool has room.  Any thread: perhaps one that holds a call's lock, or one
 * of gRPC's while it lets go of a slice; so no call may be touched here and the
 * word is passed on to the job's thread. */
static void on_granted(struct fw_gather_waiter *w, struct fw_gather *g)
{
    struct fw_train *t = OF_MEMBER(w, waiter);

    t->granted = g;
    if (fw_job_thread_post(t->job, &t->room_letter) == FW_OK)
        return;
    fw_call_cancel(t->call, FW_NOT_FOUND, "the job was deleted");
    fw_call_unref(t->call);
}

/* Room for a new gradient; FW_BUSY if the message is held until there is. */
static fw_status reserve(struct fw_train *t, struct fw_message *m,
                         struct fw_err *err)
{
    fw_status s;

    fw_call_ref(t->call); /* the waiter's */
    t->waiter.granted = on_granted;
    /* The message must be held before the waiter is in line: the grant may
     * come at once, on another thread. */
    fw_train_stand(t, true);
    s = fw_message_keep(&t->held, m, err);
    if (s == FW_OK)
        s = fw_gather_create(fw_job_thread_pool(t->job),
                             fw_job_thread_n_elements(t->job), t->dtype,
                             &t->waiter, &t->gather);
    if (s == FW_BUSY) {
        fw_job_thread_look(t->job);
        return s;
    }
    fw_train_stand(t, false);
    fw_message_close(&t->held);
    fw_call_unref(t->call);
    if (s == FW_NOMEM)
        s = FW_REFUSE(err, OUT_OF_MEMORY,
                      "no memory for a gradient; try again");
    return s;
}

static bool take_gradient(struct fw_train *t, struct fw_message *m,
                          const struct fw_train_request *r)
{
    struct fw_err err;
    fw_status s = FW_OK;

    if (!t->gather)
        s = reserve(t, m, &err);
    if (s == FW_BUSY)
        return false; /* on_granted goes on */
    if (s == FW_OK)
        return add_chunk(t, r);
    fw_call_finish(t->call, s, &err);
    return false;
}

/* --- opening --- */

static void run_open(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct fw_train *t = OF_MEMBER(l, open_letter);
    struct fw_train_response m = {.kind = FW_TRAIN_OPENED};
    struct fw_train_response last = {.kind = FW_TRAIN_ACK};
    struct fw_call *c = t->call;
    struct fw_err err;
    fw_status s =
        fw_job_open(job, t->key.session, now_ms, &t->epoch, &t->dtype, &err);

    if (s == FW_OK) {
        bool judged = fw_job_resume(job, t->epoch, &m.opened, &last.ack);

        t->transfer.dtype = fw_dtype_down(t->dtype);
        fw_train_heard(t, now_ms);
        pthread_mutex_lock(&c->lock);
        t->open = true;
        pthread_mutex_unlock(&c->lock);
        fw_train_answer(t, &m);
        if (judged)
            fw_train_answer(t, &last);
        fw_call_read(c);
    } else {
        fw_call_finish(c, s, &err);
    }
    fw_call_unref(c);
}

static void drop_open(struct fw_letter *l)
{
    struct fw_train *t = OF_MEMBER(l, open_letter);

    fw_train_job_is_gone(t);
    fw_call_unref(t->call);
}

/* The first message; reading goes on when the job has answered. */
static void take_open(struct fw_train *t, const struct fw_train_request *r)
{
    struct fw_err err;
    fw_status s;

    if (r->kind != FW_TRAIN_OPEN || t->job) {
        s = FW_REFUSE(&err, MESSAGE_INVALID,
                      "a Train stream begins with one open message");
    } else {
        t->key = r->open;
        s = fw_call_job(t->call, r->open.job, &t->job, &err);
    }
    if (s == FW_OK) {
        t->pace = fw_job_thread_pace(t->job);
        t->call->received.turn.whose = t->job; /* nothing is on its way */
        t->call->sent.turn.whose = t->job;
        fw_train_post(t, &t->open_letter);
    } else {
        fw_call_finish(t->call, s, &err);
    }
}

/* One message; true if the next one may be read now. */
static bool take_message(struct fw_train *t, struct fw_message *m)
{
    struct fw_train_request r;
    struct fw_err err;
    fw_status s = fw_decode_train_request(m->spans, m->n_spans, &r, &err);

    if (s != FW_OK) {
        fw_call_finish(t->call, s, &err);
        return false;
    }
    if (!t->epoch || r.kind == FW_TRAIN_OPEN) {
        take_open(t, &r);
        return false;
    }
    fw_train_touch(t);
    switch (r.kind) {
    case FW_TRAIN_GRADIENT:
        return take_gradient(t, m, &r);
    case FW_TRAIN_PARAMETERS:
        return fw_train_pull(t);
    default:
        fw_train_beat(t);
        return true;
    }
}

/* The worker has closed its side: a gradient that is not complete leaves no
 * trace, those with the job are still answered. */
static void end_reading(struct fw_train *t)
{
    bool done;

    fw_gather_close(t->gather);
    t->gather = NULL;
    pthread_mutex_lock(&t->call->lock);
    t->closing = true;
    done = fw_train_is_done(t);
    pthread_mutex_unlock(&t->call->lock);
    if (done)
        fw_call_finish(t->call, FW_OK, NULL);
}

void fw_train_read(struct fw_call *c, struct fw_message *m)
{
    struct fw_train *t = c->state;

    if (!m) {
        end_reading(t);
    } else if (take_message(t, m)) {
        fw_train_read_on(t);
    }
}

void fw_train_start(struct fw_call *c)
{
    struct fw_train *t = c->state;

    t->call = c;
    t->open_letter = (struct fw_letter){.run = run_open, .drop = drop_open};
    t->room_letter = (struct fw_letter){.run = run_room, .drop = drop_room};
    fw_train_lease_init(t);
    fw_call_landing(c, land, landed);
    t->transfer.head = fw_chunk_parameters;
    fw_train_push_init(t);
    fw_train_pull_init(t);
    fw_call_read(c);
}

void fw_train_close(struct fw_call *c)
{
    struct fw_train *t = c->state;

    for (; t->n_answers; t->n_answers--) {
        grpc_byte_buffer_destroy(t->answers[t->first_answer]);
        t->first_answer = (t->first_answer + 1) % FW_ANSWERS;
    }
    fw_transfer_close(&t->transfer);
    fw_gather_close(t->gather);
    fw_gather_close(t->granted);
    fw_message_close(&t->held);
    explicit_bzero(&t->key, sizeof(t->key));
    fw_job_thread_unref(t->job);
}
