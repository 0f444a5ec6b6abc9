/* porter.h - a thread that brings connections to gRPC.
 *
 * gRPC may go on with a new connection's bytes in the thread that brought it,
 * for as long as there are any: so that is not the thread that watches.
 *
 * Layer: server/rpc.  Thread: open, close on the main one; the rest by the
 * listener's.  Lives inside the listener. */
#ifndef FW_RPC_PORTER_H
#define FW_RPC_PORTER_H

#include <pthread.h>
#include <stdbool.h>

#include <grpc/grpc.h>

#include "sdk/base/status.h"

struct fw_porter {
    grpc_server *server;           /* lent */
    grpc_server_credentials *kind; /* lent; what gRPC wants to hear: plain */
    int way[2];                    /* a pipe of descriptors; -1: closed */
    bool done;                     /* atomic: the thread has nothing more */
    pthread_t thread;
};

/* FW_IO, FW_NOMEM: nothing is left open. */
FW_MUST_USE fw_status fw_porter_open(struct fw_porter *p, grpc_server *server,
                                     grpc_server_credentials *kind,
                                     struct fw_err *err);

/* Bring this descriptor, which gRPC owns from here; false: it is the caller's
 * still, there are too many on the way. */
bool fw_porter_bring(struct fw_porter *p, int fd);

/* No more will come; then `done` will be true. */
void fw_porter_end(struct fw_porter *p);

/* After fw_porter_end: wait for the thread. */
void fw_porter_close(struct fw_porter *p);

#endif
