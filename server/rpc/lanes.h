/* lanes.h - listens for lanes (lane.h) and counts them.
 *
 * Layer: server/rpc.  Thread: open, cut and close on the main one; the rest by
 * the lanes' threads.  Lives inside the server. */
#ifndef FW_RPC_LANES_H
#define FW_RPC_LANES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "sdk/base/list.h"
#include "sdk/base/status.h"
#include "server/rpc/lane_local.h"
#include "server/rpc/lobby.h"
#include "server/rpc/refusals.h"

struct fw_call;
struct fw_join_response;
struct fw_lane;
struct fw_server;
struct fw_tls;

struct fw_lanes {
    struct fw_server *server;   /* whose this is; NULL: closed */
    struct fw_tls *tls;         /* lent by the server; NULL: they are plain */
    int fd;                     /* owned; listens; -1: not by TCP */
    int port;                   /* bound; 0: not by TCP */
    struct fw_lane_local local; /* listens, too */
    size_t few;                 /* lanes that need not share a core */
    pthread_t thread;           /* accepts */
    struct fw_lobby lobby;      /* of those that rest */
    size_t awake;               /* atomic: those that do not */

    pthread_mutex_t lock;        /* guards what follows */
    pthread_cond_t left;         /* n has fallen */
    size_t n;                    /* of lanes */
    size_t n_local;              /* of those through memory */
    struct fw_list alive;        /* fw_lane.link */
    struct fw_refusals refusals; /* its lines of the log */
};

/* Listen on any free port of the address's host (NULL: not by TCP), under TLS
 * if the server is, and for workers of this machine.  FW_IO, FW_NOMEM: there
 * are no lanes, and all goes by gRPC. */
FW_MUST_USE fw_status fw_lanes_open(struct fw_lanes *ls, struct fw_server *s,
                                    const char *address, struct fw_err *err);

/* Write into the answer to the call where lanes are to be had. */
void fw_lanes_tell(const struct fw_lanes *ls, const struct fw_call *c,
                   struct fw_join_response *answer);

/* Take no more; cut those there are and wait for their end.  Safe twice
 * and on zero. */
void fw_lanes_close(struct fw_lanes *ls);

/* Take no more.  Safe twice and on zero, like the next. */
void fw_lanes_drain(struct fw_lanes *ls);

/* Cut those there are. */
void fw_lanes_cut(struct fw_lanes *ls);

/* A lane has got a thread, or has none any more.  Any thread. */
void fw_lanes_awake(struct fw_lanes *ls, int more);

/* By a lane's thread at its end: it can be cut no more; it has left. */
void fw_lanes_remove(struct fw_lanes *ls, struct fw_lane *l);
void fw_lanes_left(struct fw_lanes *ls);

/* By a lane's thread: it ends, and no client has greeted. */
void fw_lanes_stranger(struct fw_lanes *ls, const struct fw_lane *l);

/* Any thread: there are so few that one may look for work instead of sleeping,
 * and takes no core from another or from its worker. */
bool fw_lanes_few(const struct fw_lanes *ls);

#endif
