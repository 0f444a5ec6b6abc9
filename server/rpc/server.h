/* server.h - the gRPC side of flywheeld: listener, queues, methods.
 *
 * Two completion queues: bulk (Train, Pull, Initialize) with one thread, and
 * control with two, so that a flood of one kind does not starve the other.  In
 * bulk jobs take turns, for the same reason.
 *
 * Layer: server/rpc.  Thread: open and close on the main thread. */
#ifndef FW_RPC_SERVER_H
#define FW_RPC_SERVER_H

#include "sdk/base/list.h"
#include "server/engine/jobs.h"
#include "server/rpc/answers.h"
#include "server/rpc/call.h"
#include "server/rpc/census.h"
#include "server/rpc/desk.h"
#include "server/rpc/lanes.h"
#include "server/rpc/listener.h"
#include "server/rpc/pauses.h"
#include "server/rpc/queue.h"
#include "server/rpc/tls.h"
#include "server/rpc/unread.h"
#include "server/store/checkpoint.h"

#define FW_BULK_THREADS    1
#define FW_CONTROL_THREADS 2

struct fw_server {
    struct fw_jobs *jobs;         /* lent by the program */
    const struct fw_store *store; /* lent by the program */
    grpc_server *server;          /* owned */
    struct fw_queue bulk;
    struct fw_queue control;
    pthread_t threads[FW_BULK_THREADS + FW_CONTROL_THREADS];
    size_t n_threads;              /* that run */
    struct fw_answers answers;     /* to requests with an id */
    struct fw_access access;       /* who may call */
    struct fw_tls tls;             /* the listener's certificate */
    struct fw_deadlines deadlines; /* of connections */
    uint32_t wave_mb_per_second;   /* of the configuration */
    struct fw_caps caps;           /* of connections and lanes */
    struct fw_listener listener;   /* of what is plain */
    struct fw_census census;       /* of what is not */
    struct fw_desk desk;           /* for requests that wait for the disk */
    int64_t born_ms;
    int port;               /* bound */
    struct fw_lanes lanes;  /* Train streams without gRPC */
    struct fw_tag shutdown; /* of grpc_server_shutdown */

    pthread_mutex_t
        watch_lock;          /* guards watchers; taken before a call's lock */
    struct fw_list watchers; /* fw_watch, each with a reference to its call */
    uint32_t n_watchers;     /* that have a place; most are in the list */
    uint32_t max_watchers;   /* set at open */
    struct fw_pauses pauses; /* calls that rest for their job's quota */
    struct fw_unread unread; /* of clients that do not read */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t quiet; /* live reached 0, or shut down */
    size_t live;          /* calls that have arrived and are not freed */
    struct fw_list calls; /* those */
    bool draining;
    bool down; /* the shutdown tag came */
};

/* Bind, start threads, take calls.  FW_IO with a clear line if the address is
 * taken or wrong, or a certificate or the tokens cannot be read; then `s` is
 * closed.  Must not move. */
FW_MUST_USE fw_status fw_server_open(struct fw_server *s, struct fw_jobs *jobs,
                                     const struct fw_store *store,
                                     const struct fw_server_config *config,
                                     struct fw_err *err);

/* Certificates and tokens are read again: SIGHUP.  Any thread. */
void fw_server_reload(struct fw_server *s);

/* Refuse joins, say NOT_SERVING; calls in flight go on.  Any thread. */
void fw_server_drain(struct fw_server *s);
bool fw_server_draining(struct fw_server *s);

/* Take no more calls, wait `grace_ms` for those that live, cancel the rest,
 * wait for the last one, end the threads. */
void fw_server_close(struct fw_server *s, int64_t grace_ms);

/* Time passes: watchers get what is new, who has rested goes on.  Call every
 * 100 ms.  Loop thread. */
void fw_server_tick(struct fw_server *s, int64_t now_ms);

/* For call.c. */
grpc_call_error fw_server_request(struct fw_server *s, struct fw_call *c);
void fw_server_call_arrived(struct fw_server *s, struct fw_call *c);
void fw_server_call_ended(struct fw_server *s, struct fw_call *c);

#endif
