/* guests.h - the connections that the listener let in, by gRPC's descriptor.
 *
 * gRPC owns the descriptor that it was given; a guest holds a duplicate, by
 * which it is watched and cut.  gRPC names a call's connection "fd:N".
 *
 * Layer: server/rpc.  Thread: find, arrived, left and put by any; the rest by
 * the listener's.  A guest lives while the table or a call has a reference. */
#ifndef FW_RPC_GUESTS_H
#define FW_RPC_GUESTS_H

#include <netinet/in.h>
#include <pthread.h>

#include "sdk/base/list.h"
#include "sdk/base/status.h"
#include "server/rpc/meter.h"

struct fw_guest {
    struct fw_list link;  /* all guests, oldest first */
    int fd;               /* the duplicate; owned */
    int grpc_fd;          /* gRPC's name for it */
    struct in6_addr peer; /* IPv4 as ::ffff:a.b.c.d */
    bool local;           /* by the path of a socket: peer is ::1 */
    uint32_t refs;        /* atomic */
    struct fw_meter meter;
};

struct fw_guests {
    pthread_mutex_t lock;    /* guards what follows */
    struct fw_guest **by_fd; /* owned, ref each; NULL: none of ours */
    size_t capacity;         /* of by_fd */
    struct fw_list all;      /* of those in by_fd */
    size_t n;
};

void fw_guests_open(struct fw_guests *g);
void fw_guests_close(struct fw_guests *g);

/* Take in a connection whose descriptor gRPC gets; `fd` is the duplicate and
 * is the table's from here, even on failure.  NULL: no memory. */
struct fw_guest *fw_guests_add(struct fw_guests *g, int grpc_fd, int fd,
                               const struct in6_addr *peer, int64_t now_ms);

/* The connection has ended. */
void fw_guests_remove(struct fw_guests *g, struct fw_guest *guest);

/* Connections from this address. */
size_t fw_guests_from(struct fw_guests *g, const struct in6_addr *peer);

/* A reference by gRPC's name of a call's peer, "fd:N"; NULL: not of ours. */
struct fw_guest *fw_guests_find(struct fw_guests *g, const char *name);
void fw_guest_put(struct fw_guest *guest);

#endif
