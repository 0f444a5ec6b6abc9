/* fw_session_push: a gradient up, its acknowledgement and parameters down. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sdk/client/reconnect.h"
#include "sdk/wire/reason.h"

static size_t write_head(const void *user, uint64_t offset, size_t bytes,
                         uint8_t out[FW_CHUNK_HEAD_MAX])
{
    const struct fw_session *s = user;
    struct fw_gradient_head head = s->gradient;

    head.offset = offset;
    return fw_chunk_gradient(&head, bytes, out);
}

static bool is_refused(const struct fw_session *s)
{
    return s->ack.reason[0] != '\0';
}

/* All was sent, whatever the answer was, and all that comes back is here. */
static bool is_answered(const void *what)
{
    const struct fw_session *s = what;

    return fw_sender_done(&s->tx) && !s->train.sending && s->acked &&
           (is_refused(s) || !s->rx.values || fw_receiver_done(&s->rx));
}

static void prepare(struct fw_session *s, const struct fw_gradient *g,
                    float *parameters)
{
    s->pending = ++s->sequence;
    s->gradient = (struct fw_gradient_head){
        .sequence = s->sequence,
        .base_version = g->base_version,
        .samples = g->samples,
        .loss = g->loss,
        .curvature = g->curvature == 0.0 ? NAN : g->curvature,
        .want_parameters = parameters != NULL,
    };
    s->tx = (struct fw_sender){.values = g->values,
                               .n = s->joined.n_elements,
                               .chunk = s->chunk,
                               .dtype = s->joined.wire_dtype,
                               .head = write_head,
                               .user = s,
                               .loan = &s->loan,
                               .cut = s->cut};
    s->rx = (struct fw_receiver){.values = parameters,
                                 .n = s->joined.n_elements,
                                 .dtype = fw_dtype_down(s->joined.wire_dtype)};
}

static bool is_acked(const void *what)
{
    return ((const struct fw_session *)what)->acked;
}

/* One try, with the lock held.  A gradient that was judged before the stream
 * broke is not sent again: its answer comes by itself. */
static fw_status attempt(struct fw_session *s, const struct fw_gradient *g,
                         float *parameters)
{
    fw_status st = fw_session_wait_idle(s);

    if (st == FW_OK && !s->acked && !s->pending) {
        prepare(s, g, parameters);
        st = fw_sender_step(&s->tx, &s->train);
        return st == FW_OK ? fw_stream_wait(&s->train, is_answered, s,
                                            s->timeout_ms, "pushing a gradient")
                           : st;
    }
    if (st == FW_OK)
        st = fw_session_wait(s, is_acked, "asking for an answer");
    if (st == FW_OK && parameters && !is_refused(s))
        st = fw_session_fetch(s, parameters);
    return st;
}

/* The parameters that the gradient was computed at went down with the server:
 * it counts as lost, and newer ones are given out. */
static bool is_of_before(const struct fw_session *s)
{
    return s->restarted && strcmp(s->ack.reason, FW_REASON(VERSION_AHEAD)) == 0;
}

/* Something was written to the caller's parameters, of a version that may never
 * be: the server steps a gradient while it comes, and may still refuse it. */
static bool has_touched(const struct fw_session *s)
{
    return s->rx.values && (s->rx.next || s->rx.landing);
}

/* With the lock held. */
static fw_status push(struct fw_session *s, const struct fw_gradient *g,
                      float *parameters)
{
    bool touched = false;
    fw_status st;

    s->acked = false;
    s->pending = 0;
    do {
        st = fw_session_ready(s);
        if (st == FW_OK)
            st = attempt(s, g, parameters);
        touched = touched || has_touched(s);
        if (st == FW_OK && parameters && is_refused(s) &&
            (touched || is_of_before(s)))
            st = fw_session_fetch(s, parameters);
    } while (st != FW_OK && fw_session_goes_on(s, st));
    return st;
}

/* A reason that a newer server knows and this library does not is a refusal
 * all the same. */
static fw_status refusal(const struct fw_gradient_ack *ack, struct fw_err *err)
{
    fw_status st = fw_reason_status(ack->reason);

    if (st == FW_INTERNAL && strcmp(ack->reason, FW_REASON(INTERNAL)) != 0)
        st = FW_INVALID;
    return fw_err_reason(err, st, ack->reason, "%s", ack->detail);
}

/* With the lock held. */
static fw_status take_answer(struct fw_session *s, struct fw_ack *ack,
                             struct fw_err *err)
{
    bool before = s->rx.values && is_of_before(s);

    s->probe = s->ack.probe;
    if (is_refused(s) && !before) {
        if (s->rx.values && fw_receiver_done(&s->rx))
            ack->version = s->rx.version;
        return refusal(&s->ack, err);
    }
    if (before)
        s->lost++;
    else if (s->rx.values && s->rx.version < s->ack.version &&
             s->ack.incarnation == s->incarnation)
        return fw_err_set(err, FW_INTERNAL,
                          "parameters of version %" PRIu64
                          " came for a gradient in version %" PRIu64,
                          s->rx.version, s->ack.version);
    *ack = (struct fw_ack){
        .version = s->rx.values ? s->rx.version : s->ack.version,
        .durable_version = s->ack.durable_version,
        .incarnation = s->ack.incarnation,
        .staleness = s->ack.staleness,
        .momentum = s->ack.momentum,
        .learning_rate = s->ack.learning_rate,
        .lost = s->lost,
    };
    s->lost = 0;
    if (s->rx.values)
        s->restarted = false;
    return FW_OK;
}

fw_status fw_session_push(struct fw_session *s, const struct fw_gradient *g,
                          float *parameters, struct fw_ack *ack,
                          struct fw_err *err)
{
    fw_status st;

    pthread_mutex_lock(&s->train.waiter.lock);
    st = push(s, g, parameters);
    if (st == FW_OK) {
        st = take_answer(s, ack, err);
    } else {
        if (err)
            *err = s->why;
        fw_stream_drop(&s->train); /* gRPC lets go of the values */
    }
    s->pending = 0;
    fw_stream_take_off(&s->train);
    s->tx = (struct fw_sender){0};
    s->rx = (struct fw_receiver){0};
    pthread_mutex_unlock(&s->train.waiter.lock);
    fw_loan_wait(&s->loan);
    return st;
}
