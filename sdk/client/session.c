#include "sdk/client/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/clock.h"
#include "sdk/client/method.h"
#include "sdk/client/reconnect.h"
#include "sdk/client/unary.h"
#include "sdk/wire/codec.h"

#define TICK_MS           100  /* how exact the waits between tries are */
#define GOODBYE_MS        2000 /* what flywheel.h promises */
#define EARLY_MS          1000 /* heartbeats come before they are due */
#define HEARTBEAT_LOW_MS  100
#define HEARTBEAT_HIGH_MS 60000

/* Events of the Train stream: background thread, lock held. */

static void on_sent(void *user)
{
    struct fw_session *s = user;

    s->sent_ms = fw_clock_mono_ms();
    if (!s->tx.values)
        return;
    fw_stream_progress(&s->train);
    fw_sender_go_on(&s->tx, &s->train);
}

/* Parameters nobody waits for any more are dropped. */
static fw_status take_parameters(struct fw_session *s,
                                 const struct fw_train_response *m,
                                 struct fw_err *err)
{
    if (!s->rx.values || fw_receiver_done(&s->rx))
        return FW_OK;
    fw_stream_progress(&s->train);
    return fw_receiver_take(&s->rx, &m->parameters, &m->data, err);
}

static void take_ack(struct fw_session *s, const struct fw_gradient_ack *ack)
{
    if (!s->pending || s->acked || ack->sequence != s->pending)
        return; /* of a gradient that nobody waits for */
    s->ack = *ack;
    s->acked = true;
    if (!ack->reason[0])
        s->applied++;
    fw_stream_progress(&s->train);
}

static void on_received(void *user, struct fw_message *message)
{
    struct fw_session *s = user;
    struct fw_train_response m;
    struct fw_err err;
    fw_status st =
        fw_decode_train_response(message->spans, message->n_spans, &m, &err);

    if (st == FW_OK && m.kind == FW_TRAIN_OPENED)
        fw_session_found(s, &m.opened);
    else if (st == FW_OK && m.kind == FW_TRAIN_PARAMETERS)
        st = take_parameters(s, &m, &err);
    else if (st == FW_OK && m.kind == FW_TRAIN_ACK)
        take_ack(s, &m.ack);
    if (st != FW_OK)
        fw_stream_fail(&s->train, st, &err);
    else
        fw_stream_receive(&s->train);
}

static void *land(void *user, const struct fw_span *seen, size_t total,
                  size_t *skip)
{
    struct fw_session *s = user;
    struct fw_train_response m;

    if (!s->rx.values || !fw_peek_train_response(seen, total, &m) ||
        m.kind != FW_TRAIN_PARAMETERS || m.data.n % sizeof(float))
        return NULL;
    *skip = m.data.skip;
    return fw_receiver_land(&s->rx, &m.parameters, m.data.n / sizeof(float));
}

static void landed(void *user)
{
    struct fw_session *s = user;

    fw_receiver_landed(&s->rx);
    fw_stream_progress(&s->train);
    fw_stream_receive(&s->train);
}

static void on_ended(void *user)
{
    fw_session_broke(user);
}

static const struct fw_stream_events train_events = {on_sent, on_received,
                                                     on_ended, land, landed};

fw_status fw_session_send(struct fw_session *s,
                          const struct fw_train_request *m)
{
    struct fw_bytes body = {0};
    fw_status st = fw_encode_train_request(m, &body);

    if (st == FW_OK)
        st = fw_stream_send(&s->train, fw_buffer_copy(&body), false);
    else
        st = fw_err_set(&s->train.err, st, "no memory for a message");
    if (st == FW_OK)
        s->sent_ms = fw_clock_mono_ms();
    fw_bytes_close(&body);
    return st;
}

/* A second early, since this thread may have to wait for a core; or in half the
 * time, where that is less. */
static int64_t beat_after_ms(uint32_t heartbeat_ms)
{
    return heartbeat_ms -
           (heartbeat_ms < 2 * EARLY_MS ? heartbeat_ms / 2 : EARLY_MS);
}

/* Background thread.  A chunk on its way is as good as a heartbeat. */
static void on_tick(void *user, int64_t now_ms)
{
    struct fw_session *s = user;
    struct fw_train_request beat = {.kind = FW_TRAIN_HEARTBEAT};
    fw_status st = FW_OK;

    pthread_mutex_lock(&s->train.waiter.lock);
    fw_stream_look(&s->train);
    fw_session_mend(s, now_ms);
    if (s->opened && !s->train.over && !s->train.sending &&
        now_ms - s->sent_ms >= beat_after_ms(s->joined.heartbeat_ms))
        st = fw_session_send(s, &beat);
    if (st != FW_OK)
        fw_stream_fail(&s->train, st, &s->train.err);
    pthread_mutex_unlock(&s->train.waiter.lock);
}

/* What is waited for, unless the stream breaks. */
struct wish {
    const struct fw_session *s;
    fw_ready_fn *ready;
};

static bool is_over(const void *what)
{
    const struct wish *w = what;

    return w->s->interrupted || w->ready(w->s);
}

fw_status fw_session_wait(struct fw_session *s, fw_ready_fn *ready,
                          const char *doing)
{
    struct wish w = {s, ready};
    fw_status st = fw_stream_wait(&s->train, is_over, &w, s->timeout_ms, doing);

    return st == FW_OK && !ready(s) ? FW_UNAVAILABLE : st;
}

static bool is_idle(const void *what)
{
    return !((const struct fw_session *)what)->train.sending;
}

fw_status fw_session_wait_idle(struct fw_session *s)
{
    fw_stream_progress(&s->train);
    return fw_session_wait(s, is_idle, "sending");
}

/* A port that is not the server's own belongs to something in between, which
 * knows nothing of lanes. */
static bool is_direct(const struct fw_session *s)
{
    const char *address = s->connection->address;
    const char *colon = strrchr(address, ':');

    if (strncmp(address, "unix:", 5) == 0)
        return true;
    return colon && strtoul(colon + 1, NULL, 10) == s->joined.port;
}

/* Join's answer came as the handle's credentials ask for: who has the session's
 * secret may use any lane that it names. */
struct fw_lane_place fw_session_place(const struct fw_session *s)
{
    struct fw_lane_place at = {.port = 0};

    if (s->no_lane || !is_direct(s))
        return at;
    if (!s->no_local)
        memcpy(at.local, s->joined.lane_local, sizeof(at.local));
    if (!s->connection->credentials.secure)
        at.port = s->joined.lane_port;
    else if (s->connection->credentials.lane) /* nothing in plain text */
        at.port = s->joined.lane_tls_port;
    return at;
}

static bool is_opened(const void *what)
{
    return ((const struct fw_session *)what)->opened;
}

static fw_status open_stream(struct fw_session *s, struct fw_err *err)
{
    struct fw_lane_place at = fw_session_place(s);
    fw_status st = fw_stream_open(&s->train, s->connection, FW_METHOD_TRAIN,
                                  &at, &train_events, s);

    pthread_mutex_lock(&s->train.waiter.lock);
    if (st == FW_OK)
        st = fw_session_greet(s);
    if (st == FW_OK)
        st = fw_stream_wait(&s->train, is_opened, s, s->timeout_ms,
                            "opening the training stream");
    s->established = st == FW_OK;
    if (st != FW_OK && err)
        *err = s->train.err;
    pthread_mutex_unlock(&s->train.waiter.lock);
    return st;
}

fw_status fw_session_join(struct fw_session *s, const struct fw_join_request *m,
                          struct fw_join_response *out, struct fw_err *err)
{
    struct fw_bytes body = {0};
    struct fw_bytes answer = {0};
    fw_status st = fw_encode_join_request(m, &body);

    if (st != FW_OK)
        (void)fw_err_set(err, st, "no memory for a request");
    else
        st = fw_unary(s->connection, FW_METHOD_JOIN, &body, &answer,
                      s->timeout_ms, err);
    if (st == FW_OK)
        st = fw_decode_join_response(answer.data, answer.n, out, err);
    fw_bytes_close(&body);
    fw_bytes_close(&answer);
    return st;
}

/* Keep what the server chose within what this library can do. */
void fw_session_settle(struct fw_session *s,
                       const struct fw_join_response *joined)
{
    uint32_t *beat = &s->joined.heartbeat_ms;

    s->joined = *joined;
    memcpy(s->key.session, joined->session, sizeof(s->key.session));
    s->chunk = s->joined.chunk_elements;
    s->probe = s->joined.probe;
    if (s->chunk > FW_CHUNK_ELEMENTS)
        s->chunk = FW_CHUNK_ELEMENTS;
    s->chunk -= s->chunk % fw_dtype_unit(s->joined.wire_dtype);
    if (!s->chunk)
        s->chunk = FW_CHUNK_ELEMENTS;
    if (*beat < HEARTBEAT_LOW_MS)
        *beat = HEARTBEAT_LOW_MS;
    if (*beat > HEARTBEAT_HIGH_MS)
        *beat = HEARTBEAT_HIGH_MS;
}

fw_status fw_session_open(struct fw_session *s, struct fw_connection *c,
                          const struct fw_session_setup *setup,
                          struct fw_err *err)
{
    struct fw_join_response joined;
    fw_status st;

    *s = (struct fw_session){
        .connection = c,
        .timeout_ms = setup->timeout_ms,
        .reconnect_ms = setup->reconnect_ms,
        .no_lane = setup->no_lane,
        .no_local = setup->no_local,
        .log = setup->log,
        .log_user = setup->log_user,
    };
    st = fw_session_join(s, setup->join, &joined, err);
    if (st != FW_OK) {
        s->connection = NULL;
        return st;
    }
    memcpy(s->key.job, setup->join->job, sizeof(s->key.job));
    fw_session_settle(s, &joined);
    s->again = *setup->join;
    s->again.tensors = (struct fw_tensor_list){0};
    s->again.wire_dtype = s->joined.wire_dtype;
    s->incarnation = s->joined.incarnation;
    fw_random_init(&s->dice, (uint64_t)fw_clock_mono_us() ^ (uintptr_t)s);
    fw_loan_init(&s->loan);
    st = open_stream(s, err);
    if (st == FW_OK)
        fw_loop_tick(&c->loop, TICK_MS, on_tick, s);
    else
        fw_session_close(s);
    return st;
}

/* So that the others' momentum rises now and not after the lease. */
static void say_goodbye(struct fw_session *s)
{
    struct fw_bytes body = {0};
    struct fw_bytes answer = {0};
    fw_status st = fw_encode_leave_request(&s->key, &body);

    if (st == FW_OK)
        st = fw_unary(s->connection, FW_METHOD_LEAVE, &body, &answer,
                      GOODBYE_MS, NULL);
    (void)st; /* the lease says goodbye for us */
    fw_bytes_close(&body);
    fw_bytes_close(&answer);
}

void fw_session_close(struct fw_session *s)
{
    bool alive;

    if (!s->connection)
        return;
    fw_loop_tick(&s->connection->loop, 0, NULL, NULL);
    pthread_mutex_lock(&s->train.waiter.lock);
    s->closing = true;
    alive = !s->train.ended && !s->broken_ms;
    pthread_mutex_unlock(&s->train.waiter.lock);
    if (alive)
        say_goodbye(s);
    fw_stream_close(&s->train);
    fw_loan_close(&s->loan);
    *s = (struct fw_session){0};
}
