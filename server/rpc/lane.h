/* lane.h - a Train stream without gRPC below it (sdk/wire/frame.h).
 *
 * A lane takes the place of gRPC under a call: the Train stream above it is
 * the same, and knows no difference.  Each has a thread that reads, and that
 * writes what the socket does not take at once; small answers are written by
 * whoever has them.  A lane that has been silent for a moment has none: it
 * rests in the lobby (lobby.h), whose thread stands for its own.
 *
 * Layer: server/rpc.  Thread: as said.  Lives behind its call. */
#ifndef FW_RPC_LANE_H
#define FW_RPC_LANE_H

#include <netinet/in.h>

#include "sdk/base/brisk.h"
#include "sdk/base/list.h"
#include "sdk/wire/pipe.h"
#include "server/rpc/call.h"
#include "server/rpc/patience.h"

#define FW_LANE_FRAMES 4  /* frames that one system call may write */
#define FW_LANE_PIECES 16 /* pieces of memory that they may have */

/* A frame on its way out. */
struct fw_frame {
    grpc_byte_buffer *body; /* owned; NULL: an empty one */
    uint8_t head[4];
    size_t n; /* bytes, with the head */
};

struct fw_lane {
    struct fw_list link;  /* used by lanes.c, like the next */
    struct in6_addr peer; /* counted in the server's caps */
    struct fw_call *call; /* whose ground this is */
    struct fw_pipe pipe;  /* owned */
    bool local;           /* used by lanes.c */

    /* the lane's thread */
    uint8_t *in;   /* owned; `room` bytes; NULL: nothing was read yet */
    size_t room;   /* of `in` */
    size_t have;   /* bytes in `in` */
    bool greeted;  /* the preface has come */
    bool begun;    /* the method was told */
    bool familiar; /* a whole message has come */
    bool bulky;    /* the last message has landed: read no more than a head */
    fw_land_fn *find;     /* where a message belongs; NULL: nowhere */
    fw_landed_fn *landed; /* it is there */
    uint8_t *land;        /* lent by the stream; where the next bytes belong */
    size_t left;          /* bytes that are still to land */
    struct fw_patience patience;
    struct fw_brisk brisk; /* of its waits, while there are few lanes */

    /* call's lock */
    pthread_t thread; /* the lobby's, if it is parked */
    int wake;         /* owned; an eventfd for the thread; -1: it is parked */
    bool parked;      /* it is in the lobby */
    int watched;      /* descriptor that the lobby watches; -1: none */
    uint32_t watched_for;  /* the events it is watched for */
    struct fw_list called; /* used by the lobby */
    bool reading;          /* the next message is wanted */
    bool over;             /* nothing will be read any more */
    bool blocked; /* the thread is to write, when the socket takes more */
    bool writing; /* somebody writes, with the lock let go */
    struct fw_frame out[FW_LANE_FRAMES];
    unsigned n_out; /* frames in `out`; the first may be written in part */
    size_t written; /* bytes of the first */
    size_t taken;   /* bytes since it is stuck */
};

/* For call.c.  Takes the pipe, also on failure, which is NULL. */
struct fw_lane *fw_lane_create(struct fw_call *c, struct fw_pipe *take);

/* Begin: a thread of its own serves the connection.  Takes a reference to the
 * call; without memory it stays the caller's. */
FW_MUST_USE fw_status fw_lane_start(struct fw_lane *l);

/* Any thread, call's lock held: write what there is; lets go of the lock
 * meanwhile. */
void fw_lane_write(struct fw_lane *l);

/* Wake the lane's thread, unless it is the caller.  Call's lock held. */
void fw_lane_kick(struct fw_lane *l);

/* As fw_call_read. */
void fw_lane_read(struct fw_lane *l);

/* For the lobby, whose thread stands for the lane's.
 *
 * Hand a message up, if one is wanted. */
bool fw_lane_deliver(struct fw_lane *l, uint8_t *data, size_t n);

/* Bytes that came, for its thread; false without memory. */
bool fw_lane_keep(struct fw_lane *l, const uint8_t *data, size_t n);

/* Give it a thread of its own, again; call's lock held.  FW_NOMEM. */
FW_MUST_USE fw_status fw_lane_run(struct fw_lane *l);

/* The connection is of no more use: the stream is told, and what the thread
 * held is let go. */
void fw_lane_end(struct fw_lane *l);

/* Any thread: end it at once, as if the client had gone. */
void fw_lane_cut(struct fw_lane *l);

/* The last reference to the call is gone. */
void fw_lane_destroy(struct fw_lane *l);

#endif
