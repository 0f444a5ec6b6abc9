/* loop.h - the background thread of a handle: it polls gRPC's queue.
 *
 * A tag is a struct with a function; the thread calls it and knows no more.
 * The thread also ticks, which is how heartbeats get sent.
 *
 * Layer: sdk/client.  Thread: init, close and tick belong to the handle's user;
 * tags and ticks run on the background thread.  Owns the queue, the thread and
 * one grpc_init(). */
#ifndef FW_CLIENT_LOOP_H
#define FW_CLIENT_LOOP_H

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdbool.h>

#include "sdk/base/status.h"

struct fw_tag {
    void (*done)(struct fw_tag *tag, bool ok); /* background thread */
};

typedef void fw_tick_fn(void *user, int64_t now_ms);

struct fw_loop {
    /* set at init */
    grpc_completion_queue *queue; /* owned; NULL: closed */
    pthread_t thread;

    pthread_mutex_t handoff; /* guards nothing: orders a start and its tag */

    pthread_mutex_t lock; /* guards the rest; held while a tick runs */
    fw_tick_fn *tick;     /* NULL: none */
    void *tick_user;      /* lent by who set the tick */
    int64_t tick_ms;      /* from one tick to the next */
};

/* FW_NOMEM if there is no thread to be had. */
FW_MUST_USE fw_status fw_loop_init(struct fw_loop *loop, struct fw_err *err);

/* Waits for the thread.  Every tag must have come back.  Safe twice and on
 * zero. */
void fw_loop_close(struct fw_loop *loop);

/* Start operations whose completion calls `tag`.  What the caller wrote before
 * is visible to the tag. */
grpc_call_error fw_loop_start(struct fw_loop *loop, grpc_call *call,
                              const grpc_op *ops, size_t n, struct fw_tag *tag);

/* The same for a change of a channel's state. */
void fw_loop_watch(struct fw_loop *loop, grpc_channel *channel,
                   grpc_connectivity_state from, int64_t ms,
                   struct fw_tag *tag);

/* Call `tick` about every `ms` from the next event on; NULL: no more, and on
 * return none is running.  Must not be called by a tick. */
void fw_loop_tick(struct fw_loop *loop, int64_t ms, fw_tick_fn *tick,
                  void *user);

/* `ms` from now, as gRPC tells the time; negative: never. */
gpr_timespec fw_deadline(int64_t ms);

#endif
