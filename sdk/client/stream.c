#include "sdk/client/stream.h"

#include <grpc/byte_buffer.h>
#include <grpc/slice.h>
#include <stddef.h>

#include "sdk/base/clock.h"
#include "sdk/client/stream_lane.h"
#include "sdk/wire/grpc_glue.h"

#define STREAM_OF(tag, member)                                                 \
    ((struct fw_stream *)((char *)(tag)-offsetof(struct fw_stream, member)))

/* The last tag that comes home tells the end. */
static void give_tag(struct fw_stream *st)
{
    st->out--;
    if (st->over && !st->out && !st->ended) {
        st->ended = true;
        if (st->events->ended)
            st->events->ended(st->user);
    }
    pthread_cond_broadcast(&st->waiter.changed);
    pthread_mutex_unlock(&st->waiter.lock);
}

static struct fw_stream *take_tag(struct fw_stream *st)
{
    pthread_mutex_lock(&st->waiter.lock);
    return st;
}

static void opened(struct fw_tag *tag, bool ok)
{
    (void)ok; /* a call that could not start has a status too */
    give_tag(take_tag(STREAM_OF(tag, open_tag)));
}

static void sent(struct fw_tag *tag, bool ok)
{
    struct fw_stream *st = take_tag(STREAM_OF(tag, send_tag));

    st->sending = false;
    if (ok && st->events->sent)
        st->events->sent(st->user);
    give_tag(st);
}

static void received(struct fw_tag *tag, bool ok)
{
    struct fw_stream *st = take_tag(STREAM_OF(tag, receive_tag));
    grpc_byte_buffer *buffer = st->incoming;
    struct fw_message m;
    struct fw_err err;
    fw_status s;

    st->incoming = NULL;
    st->receiving = false;
    if (ok && buffer) {
        s = fw_message_open(&m, buffer, &err);
        if (s != FW_OK)
            fw_stream_fail(st, s, &err);
        else if (st->events->received)
            st->events->received(st->user, &m);
        fw_message_close(&m);
    }
    give_tag(st);
}

static void over(struct fw_tag *tag, bool ok)
{
    struct fw_stream *st = take_tag(STREAM_OF(tag, ending_tag));

    (void)ok; /* always true for a status */
    st->over = true;
    if (st->status == FW_OK)
        st->status = fw_ending_status(&st->ending, &st->err);
    give_tag(st);
}

/* With the lock held, like all starts. */
static grpc_call_error start(struct fw_stream *st, const grpc_op *ops, size_t n,
                             struct fw_tag *tag)
{
    grpc_call_error e = fw_loop_start(st->loop, st->call, ops, n, tag);

    if (e == GRPC_CALL_OK)
        st->out++;
    return e;
}

/* With the lock held. */
static void start_call(struct fw_stream *st)
{
    grpc_op open[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA,
         .data.send_initial_metadata.count = st->credentials->n_metadata,
         .data.send_initial_metadata.metadata =
             &st->credentials->authorization},
        {.op = GRPC_OP_RECV_INITIAL_METADATA,
         .data.recv_initial_metadata.recv_initial_metadata = &st->metadata},
    };
    grpc_op ending = fw_ending_op(&st->ending);

    (void)start(st, &ending, 1, &st->ending_tag);
    (void)start(st, open, 2, &st->open_tag);
    if (!st->out) { /* a defect, but nobody must wait for ever */
        st->over = true;
        st->ended = true;
        st->status = fw_err_set(&st->err, FW_INTERNAL, "cannot start a call");
    }
}

static void create_call(struct fw_stream *st, struct fw_connection *c,
                        const char *method)
{
    grpc_slice path = grpc_slice_from_static_string(method);

    st->progress_ms = fw_clock_mono_ms();
    fw_ending_init(&st->ending);
    grpc_metadata_array_init(&st->metadata);
    if (fw_stream_lane_open(st, c->address))
        return;
    st->call = grpc_channel_create_call(c->channel, NULL,
                                        GRPC_PROPAGATE_DEFAULTS, c->loop.queue,
                                        path, NULL, fw_deadline(-1), NULL);
    start_call(st);
}

fw_status fw_stream_open(struct fw_stream *st, struct fw_connection *c,
                         const char *method, const struct fw_lane_place *place,
                         const struct fw_stream_events *events, void *user)
{
    *st = (struct fw_stream){
        .loop = &c->loop,
        .credentials = &c->credentials,
        .place = place ? *place : (struct fw_lane_place){.port = 0},
        .events = events,
        .user = user,
        .open_tag = {opened},
        .send_tag = {sent},
        .receive_tag = {received},
        .ending_tag = {over},
        .lane = {.pipe.fd = -1, .tls = c->credentials.lane},
    };
    fw_waiter_init(&st->waiter);
    pthread_mutex_lock(&st->waiter.lock);
    create_call(st, c, method);
    pthread_mutex_unlock(&st->waiter.lock);
    return st->status;
}

fw_status fw_stream_reopen(struct fw_stream *st, struct fw_connection *c,
                           const char *method)
{
    fw_stream_drop(st);
    fw_metadata_close(&st->metadata);
    fw_ending_close(&st->ending);
    st->over = false;
    st->ended = false;
    st->status = FW_OK;
    st->err = (struct fw_err){0};
    create_call(st, c, method);
    return st->status;
}

void fw_stream_drop(struct fw_stream *st)
{
    struct fw_err why;

    if (st->on_lane) {
        (void)fw_err_set(&why, FW_CLOSED, "the stream was given up");
        fw_stream_lane_end(st, FW_CLOSED, &why);
        st->on_lane = false;
        return;
    }
    if (!st->call)
        return;
    if (!st->over)
        (void)grpc_call_cancel(st->call, NULL);
    while (!st->ended)
        pthread_cond_wait(&st->waiter.changed, &st->waiter.lock);
    grpc_call_unref(st->call);
    st->call = NULL;
}

void fw_stream_close(struct fw_stream *st)
{
    if (!st->loop)
        return;
    pthread_mutex_lock(&st->waiter.lock);
    fw_stream_drop(st);
    pthread_mutex_unlock(&st->waiter.lock);
    fw_metadata_close(&st->metadata);
    fw_ending_close(&st->ending);
    fw_waiter_close(&st->waiter);
    *st = (struct fw_stream){0};
}

fw_status fw_stream_send(struct fw_stream *st, grpc_byte_buffer *buffer,
                         bool last)
{
    grpc_op ops[] = {
        {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = buffer},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
    };
    fw_status s = st->status;

    if (s == FW_OK && st->over)
        s = fw_err_set(&st->err, FW_UNAVAILABLE, "the server ended the stream");
    if (s == FW_OK && st->on_lane) {
        st->sending = true;
        fw_lane_send(&st->lane, buffer);
        (void)fw_lane_turn(&st->lane);
        return FW_OK;
    }
    if (s == FW_OK &&
        start(st, ops, last ? 2 : 1, &st->send_tag) != GRPC_CALL_OK)
        s = fw_err_set(&st->err, FW_INTERNAL, "a message cannot be sent");
    else if (s == FW_OK)
        st->sending = true;
    grpc_byte_buffer_destroy(buffer); /* gRPC has taken a reference */
    return s;
}

void fw_stream_receive(struct fw_stream *st)
{
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE,
                  .data.recv_message.recv_message = &st->incoming};

    if (st->receiving || st->over)
        return;
    if (st->on_lane) {
        st->receiving = true;
        return;
    }
    if (start(st, &op, 1, &st->receive_tag) == GRPC_CALL_OK)
        st->receiving = true;
}

void fw_stream_fail(struct fw_stream *st, fw_status s, const struct fw_err *why)
{
    if (st->over || st->status != FW_OK)
        return;
    st->status = s;
    st->err = *why;
    if (st->on_lane)
        fw_stream_lane_end(st, s, why);
    else
        (void)grpc_call_cancel(st->call, NULL);
}

void fw_stream_progress(struct fw_stream *st)
{
    st->progress_ms = fw_clock_mono_ms();
}

void fw_stream_pause(struct fw_stream *st, int64_t until_ms)
{
    if (st->on_lane && !st->ended)
        fw_stream_lane_pause(st, until_ms);
    else
        (void)fw_waiter_wait(&st->waiter, until_ms);
}

void fw_stream_look(struct fw_stream *st)
{
    if (st->on_lane && !st->ended && !st->lane.waiting)
        fw_lane_look(&st->lane);
}

/* Nothing has happened for too long: end the call, wait until it has ended. */
static fw_status give_up(struct fw_stream *st, uint32_t timeout_ms,
                         const char *doing)
{
    struct fw_err why;

    (void)fw_err_set(&why, FW_TIMEOUT, "%s: no progress for %u ms", doing,
                     (unsigned)timeout_ms);
    fw_stream_fail(st, FW_TIMEOUT, &why);
    while (!st->ended)
        pthread_cond_wait(&st->waiter.changed, &st->waiter.lock);
    return st->status;
}

fw_status fw_stream_wait(struct fw_stream *st, fw_ready_fn *ready,
                         const void *what, uint32_t timeout_ms,
                         const char *doing)
{
    while (!ready(what)) {
        int64_t until_ms = st->progress_ms + timeout_ms;

        if (st->ended && st->status == FW_OK)
            return fw_err_set(&st->err, FW_UNAVAILABLE,
                              "%s: the server ended the stream", doing);
        if (st->ended)
            return st->status;
        fw_stream_pause(st, until_ms);
        if (!ready(what) && !st->ended &&
            fw_clock_mono_ms() >= st->progress_ms + timeout_ms)
            return give_up(st, timeout_ms, doing);
    }
    return FW_OK;
}
