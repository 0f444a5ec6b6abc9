/* listener.h - takes connections on a plain TCP address and on a socket of this
 * machine (unix:PATH), and hands them to gRPC.
 *
 * gRPC's own listener never recovers from a moment without descriptors (EMFILE)
 * and lets every connection send what it likes.  Here accept() waits while
 * there are none and goes on; connections have a cap, in all and for each
 * address that is not this machine; and each is watched (meter.h; of those by
 * the path only whether they ever make a call).
 *
 * Layer: server/rpc.  Thread: one of its own, between open and stop; find by
 * any. */
#ifndef FW_RPC_LISTENER_H
#define FW_RPC_LISTENER_H

#include <grpc/grpc.h>

#include "server/rpc/guests.h"
#include "server/rpc/socket_file.h"

/* Where; at least one of both. */
struct fw_listener_at {
    const char *address; /* HOST:PORT, [HOST]:PORT; NULL: no TCP */
    const char *path;    /* of a socket; NULL: none */
    mode_t mode;         /* of the socket's file */
};

struct fw_listener_limits {
    uint32_t connections; /* at a time */
    uint32_t per_peer;    /* of one address that is not of the loopback */
};

struct fw_listener {
    grpc_server *server; /* lent */
    struct fw_listener_limits limits;
    struct fw_guests guests;
    int fd;                      /* listens; -1: not open */
    struct fw_socket_file local; /* listens, too */
    int watch;                   /* epoll: guests that something happened to */
    int wake;                    /* eventfd: stop */
    int port;                    /* bound */
    bool running;
    pthread_t thread;
    int64_t paused_until_ms;     /* no descriptors: try again then */
    int64_t waited_ms;           /* silent guests were looked for */
    int64_t told_ms;             /* the last line of the log */
    uint32_t untold;             /* lines that were not written since */
    grpc_server_credentials *in; /* owned; what gRPC wants to hear: plain */
};

/* Bind; port 0: any free one.  FW_IO and FW_INVALID say why not.  `server` must
 * outlive it. */
FW_MUST_USE fw_status fw_listener_open(struct fw_listener *l,
                                       grpc_server *server,
                                       const struct fw_listener_at *at,
                                       const struct fw_listener_limits *limits,
                                       struct fw_err *err);

/* Begin to accept; the server has been started.  FW_NOMEM. */
FW_MUST_USE fw_status fw_listener_start(struct fw_listener *l,
                                        struct fw_err *err);

/* Accept no more; connections go on unwatched.  Safe twice. */
void fw_listener_stop(struct fw_listener *l);

/* After the last call has ended. */
void fw_listener_close(struct fw_listener *l);

#endif
