/* listener.h - takes connections on a plain TCP address and on a socket of this
 * machine (unix:PATH), and hands them to gRPC.
 *
 * gRPC's own listener never recovers from a moment without descriptors (EMFILE)
 * and lets every connection send what it likes.  Here accept() waits while
 * there are none and goes on; connections have a cap (caps.h); gRPC gets one
 * when it has said what it speaks (knock.h), from a thread of its own
 * (porter.h); and each is watched (meter.h; of those by the path only whether
 * they say and call anything in time).
 *
 * Layer: server/rpc.  Thread: one of its own, between start and stop; find by
 * any. */
#ifndef FW_RPC_LISTENER_H
#define FW_RPC_LISTENER_H

#include <grpc/grpc.h>

#include "server/rpc/caps.h"
#include "server/rpc/guests.h"
#include "server/rpc/porter.h"
#include "server/rpc/refusals.h"
#include "server/rpc/socket_file.h"

/* Where; at least one of both. */
struct fw_listener_at {
    const char *address; /* HOST:PORT, [HOST]:PORT; NULL: no TCP */
    const char *path;    /* of a socket; NULL: none */
    mode_t mode;         /* of the socket's file */
};

struct fw_listener {
    grpc_server *server;  /* lent */
    struct fw_caps *caps; /* lent; lanes count there, too */
    struct fw_deadlines deadlines;
    struct fw_guests guests;
    struct fw_porter porter;
    int fd;                      /* listens; -1: not open */
    struct fw_socket_file local; /* listens, too */
    int door;  /* epoll: guests that are not known, to be looked at at once */
    int watch; /* epoll: known ones that something happened to */
    int wake;  /* eventfd: stop */
    int port;  /* bound */
    bool running;
    pthread_t thread;
    int64_t paused_until_ms;     /* no descriptors: try again then */
    int64_t door_ms;             /* strangers were looked at */
    int64_t watch_ms;            /* known guests were looked at */
    int64_t waited_ms;           /* silent guests were looked for */
    struct fw_refusals refusals; /* lines of the log */
    grpc_server_credentials *in; /* owned; what gRPC wants to hear: plain */
};

/* Bind; port 0: any free one.  FW_IO and FW_INVALID say why not.  `server` and
 * `caps` must outlive it. */
FW_MUST_USE fw_status fw_listener_open(struct fw_listener *l,
                                       grpc_server *server,
                                       const struct fw_listener_at *at,
                                       struct fw_caps *caps,
                                       const struct fw_deadlines *deadlines,
                                       struct fw_err *err);

/* Begin to accept; the server has been started.  FW_NOMEM, FW_IO. */
FW_MUST_USE fw_status fw_listener_start(struct fw_listener *l,
                                        struct fw_err *err);

/* Accept no more; connections go on unwatched.  Safe twice. */
void fw_listener_stop(struct fw_listener *l);

/* After the last call has ended. */
void fw_listener_close(struct fw_listener *l);

#endif
