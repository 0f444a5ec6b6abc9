/* lane.h - a stream of messages over a pipe (frame.h, lane_place.h) as the
 * ground of a struct fw_stream instead of a gRPC call.
 *
 * Who waits for the stream does its reading and writing: in a round no thread
 * wakes another.  Nobody waiting, the background thread's tick looks.
 *
 * Layer: sdk/client.  Thread: whoever holds the stream's lock.  Lives inside a
 * stream. */
#ifndef FW_CLIENT_LANE_H
#define FW_CLIENT_LANE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <grpc/grpc.h>

#include "sdk/base/brisk.h"
#include "sdk/base/status.h"
#include "sdk/client/lane_place.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/pipe.h"

/* What the stream does with what comes. */
struct fw_lane_events {
    void (*sent)(void *user); /* the message is written whole */
    /* A message; the memory is lent until the return. */
    void (*received)(void *user, const uint8_t *data, size_t n);
    /* The server's last word: `n` bytes of a google.rpc.Status, or nothing. */
    void (*over)(void *user, const uint8_t *data, size_t n);
    /* The connection is gone; `why` tells how. */
    void (*broke)(void *user, const char *why);
    bool (*wants)(void *user); /* is a message wanted now? */
    /* A message of `total` bytes has begun with `n` bytes: where do those from
     * *skip on belong?  NULL: hand it to `received` as a whole. */
    void *(*land)(void *user, const uint8_t *data, size_t n, size_t total,
                  size_t *skip);
    void (*landed)(void *user); /* they are there; instead of `received` */
};

struct fw_lane {
    struct fw_tls_side *tls; /* lent by the owner; NULL: plain TCP */
    struct fw_pipe pipe;     /* owned; fd -1: closed */
    const struct fw_lane_events *events;
    void *user;

    uint8_t *in; /* owned; `room` bytes */
    size_t room;
    size_t have;
    uint8_t *land; /* lent by the owner; where the next bytes belong */
    size_t left;   /* bytes that are still to land */
    bool bulky;    /* the last message has landed: read no more than a head */

    grpc_byte_buffer *out; /* owned; NULL: nothing is being sent */
    uint8_t head[FW_LANE_PREFACE_BYTES + FW_FRAME_HEAD];
    size_t n_head;  /* of `head`: the preface is with the first message */
    size_t written; /* of head and `out` together */
    bool greeted;   /* the preface is in a message */
    bool turning;   /* a turn is under way: events may send */
    bool waiting;   /* somebody polls, with the lock let go */
    struct fw_brisk brisk; /* of who polls */
};

/* Connect (fw_lane_place_connect).  FW_UNAVAILABLE, FW_NOMEM: `l` is closed. */
FW_MUST_USE fw_status fw_lane_open(struct fw_lane *l, const char *address,
                                   const struct fw_lane_place *at,
                                   const struct fw_lane_events *events,
                                   void *user, struct fw_err *err);

/* Let go of everything.  Safe twice, and on one that fw_lane_open refused. */
void fw_lane_close(struct fw_lane *l);

/* Send; takes the buffer.  Nothing may be being sent. */
void fw_lane_send(struct fw_lane *l, grpc_byte_buffer *take);

/* Write and read what can be without waiting; true if anything happened. */
bool fw_lane_turn(struct fw_lane *l);

/* As a turn, for who does not wait: the next one finds out if the other end is
 * gone, also by ways that only a wait would tell. */
void fw_lane_look(struct fw_lane *l);

/* Wait, at most `wait_ms`, until a turn may do something; lets go of the lock
 * meanwhile, and the lane may be closed and opened anew. */
void fw_lane_wait(struct fw_lane *l, pthread_mutex_t *lock, int wait_ms);

#endif
