/* stream.h - a call with many messages, as events.
 *
 * One message a direction is on its way at a time.  Life:
 *
 *     open --> sends and receives, in any order --> ended --> close
 *
 * `ended` comes once, when the server, a failure or fw_stream_fail() has ended
 * the call and gRPC has handed back everything; then nothing starts any more.
 *
 * On a lane (lane.h) instead of a gRPC call, if the server takes one, events
 * run on the thread that waits; else on the background thread.
 *
 * Layer: sdk/client.  Thread: functions by any, with the lock held where they
 * say so; events run with the lock held.  Lives inside its owner and must not
 * move while open. */
#ifndef FW_CLIENT_STREAM_H
#define FW_CLIENT_STREAM_H

#include "sdk/client/connection.h"
#include "sdk/client/failure.h"
#include "sdk/client/lane.h"
#include "sdk/client/waiter.h"
#include "sdk/wire/grpc_glue.h"

/* Any may be NULL.  A message is lent until `received` returns, which may take
 * it by leaving zero behind. */
struct fw_stream_events {
    void (*sent)(void *user);
    void (*received)(void *user, struct fw_message *m);
    void (*ended)(void *user);
    /* On a lane: as struct fw_lane_events. */
    void *(*land)(void *user, const struct fw_span *seen, size_t total,
                  size_t *skip);
    void (*landed)(void *user);
};

struct fw_stream {
    /* set at open */
    grpc_call *call;      /* owned; NULL: closed, dropped or on a lane */
    struct fw_loop *loop; /* lent by the connection; NULL: closed */
    struct fw_credentials *credentials; /* lent by the connection */
    const struct fw_stream_events *events;
    void *user; /* lent by the owner */

    /* gRPC's between a batch and its tag */
    struct fw_tag open_tag;
    struct fw_tag send_tag;
    struct fw_tag receive_tag;
    struct fw_tag ending_tag;
    grpc_metadata_array metadata;
    grpc_byte_buffer *incoming;
    struct fw_ending ending;

    struct fw_waiter waiter;    /* guards the rest */
    struct fw_lane_place place; /* where to try a lane */
    bool on_lane;               /* `lane` takes the place of `call` */
    struct fw_lane lane;
    unsigned out; /* tags gRPC holds */
    bool sending;
    bool receiving;
    bool over;           /* the status has come: nothing starts any more */
    bool ended;          /* `over` and no tag is out */
    fw_status status;    /* once over, or set by fw_stream_fail */
    struct fw_err err;   /* explains `status` */
    int64_t progress_ms; /* when something useful last happened */
};

/* Start a call.  Nothing is sent before the first message.  At a `place` a lane
 * is tried first; NULL: none. */
FW_MUST_USE fw_status fw_stream_open(struct fw_stream *st,
                                     struct fw_connection *c,
                                     const char *method,
                                     const struct fw_lane_place *place,
                                     const struct fw_stream_events *events,
                                     void *user);

/* With the lock held: the same call once more, on a stream that has ended. */
FW_MUST_USE fw_status fw_stream_reopen(struct fw_stream *st,
                                       struct fw_connection *c,
                                       const char *method);

/* Cancel what is not over, wait for its end, free.  Lock not held.  Safe twice
 * and on zero. */
void fw_stream_close(struct fw_stream *st);

/* With the lock held: cancel what is not over, wait for its end and let go of
 * the call, because gRPC keeps what was not sent for as long as there is one.
 * The status stays. */
void fw_stream_drop(struct fw_stream *st);

/* With the lock held: send; takes `buffer` in any case.  `last` closes our
 * side.  Nothing may be sending.  The status if the stream is over. */
FW_MUST_USE fw_status fw_stream_send(struct fw_stream *st,
                                     grpc_byte_buffer *buffer, bool last);

/* With the lock held: ask for one message, unless one is being waited for or
 * the stream is over. */
void fw_stream_receive(struct fw_stream *st);

/* With the lock held: end the call from our side for this reason; the first
 * one counts. */
void fw_stream_fail(struct fw_stream *st, fw_status s,
                    const struct fw_err *why);

typedef bool fw_ready_fn(const void *what);

/* With the lock held: wait until `ready(what)`.  Gives up with FW_TIMEOUT, and
 * ends the call, after `timeout_ms` without progress; `doing` tells at what.
 * If the stream ends first: its status, FW_UNAVAILABLE if that was ok. */
FW_MUST_USE fw_status fw_stream_wait(struct fw_stream *st, fw_ready_fn *ready,
                                     const void *what, uint32_t timeout_ms,
                                     const char *doing);

/* With the lock held: wait for a change until `until_ms`, or less. */
void fw_stream_pause(struct fw_stream *st, int64_t until_ms);

/* With the lock held: memory that was lent to `land` is about to go: if a
 * message is on its way there, which is not to be expected, end the stream. */
void fw_stream_take_off(struct fw_stream *st);

/* With the lock held: see to a lane that nobody waits for. */
void fw_stream_look(struct fw_stream *st);

/* With the lock held: note that something useful happened. */
void fw_stream_progress(struct fw_stream *st);

#endif
