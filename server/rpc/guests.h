/* guests.h - the connections that the listener let in.
 *
 * A guest knocks until it has said that it speaks HTTP/2, is a stranger from
 * the moment that gRPC has it, and known when a message of it was taken.  gRPC
 * owns a duplicate of its descriptor, and names a call's connection "fd:N" by
 * that; the guest's own is for watching and cutting.
 *
 * Layer: server/rpc.  Thread: find and put by any; the rest by the listener's.
 * A guest lives while the table or a call has a reference. */
#ifndef FW_RPC_GUESTS_H
#define FW_RPC_GUESTS_H

#include <netinet/in.h>
#include <pthread.h>

#include "sdk/base/list.h"
#include "sdk/base/status.h"
#include "server/rpc/meter.h"

/* Open calls of a connection, and calls in a row that it reset before it said a
 * word.  A client that heeds our SETTINGS stops at 100,
 * and some may be on their way out; gRPC itself lets one that never
 * acknowledges them open what it likes. */
#define FW_GUEST_CALLS 256

struct fw_guest {
    struct fw_list link;  /* of one of the three lists */
    int fd;               /* owned */
    int grpc_fd;          /* gRPC's name for it; -1: it knocks */
    struct in6_addr peer; /* as fw_caps_peer() says */
    bool local;           /* by the path of a socket */
    bool known;           /* a message of it was taken */
    bool wide;            /* its socket may buffer what the kernel likes */
    const char *why; /* atomic: it was cut, and for what; NULL: it was not */
    uint32_t calls;  /* atomic: that are open, let in or not */
    uint32_t vain;   /* atomic: that ended without a word, in a row */
    uint32_t refs;   /* atomic */
    int64_t took_ms; /* atomic: when it last took a message of ours */
    struct fw_meter meter;
};

struct fw_guests {
    struct fw_list knocking;  /* oldest first */
    struct fw_list strangers; /* gRPC has them */
    struct fw_list known;

    pthread_mutex_t lock;    /* guards what follows */
    struct fw_guest **by_fd; /* by gRPC's; owned; NULL: none of ours */
    size_t capacity;         /* of by_fd */
};

void fw_guests_open(struct fw_guests *g);
void fw_guests_close(struct fw_guests *g);

/* One knocks; `fd` is the table's from here, even on failure.  NULL: no
 * memory. */
struct fw_guest *fw_guests_add(struct fw_guests *g, int fd,
                               const struct in6_addr *peer, int64_t now_ms);

/* gRPC gets `grpc_fd` for it.  False: no memory. */
FW_MUST_USE bool fw_guests_hand(struct fw_guests *g, struct fw_guest *guest,
                                int grpc_fd);

/* A message of it was taken. */
void fw_guests_know(struct fw_guests *g, struct fw_guest *guest);

/* The connection has ended. */
void fw_guests_remove(struct fw_guests *g, struct fw_guest *guest);

/* Nobody hears of it any more, and what it has sent goes to nobody; its end
 * will be noticed.  Any thread that has a reference. */
void fw_guest_cut(struct fw_guest *guest);

/* Cut it once, for this reason (a constant); the listener does the rest.  Any
 * thread that has a reference. */
void fw_guest_stop(struct fw_guest *guest, const char *why);

/* A call has arrived; false: it is one too many, the connection was cut.  Any
 * thread. */
FW_MUST_USE bool fw_guest_call(struct fw_guest *guest);

/* One has ended, without any message of the client's if it was in vain; too
 * many of those in a row cut the connection, too.  Any thread. */
void fw_guest_call_end(struct fw_guest *guest, bool in_vain);

/* It has taken a message of ours.  Any thread. */
void fw_guest_took(struct fw_guest *guest);

/* A reference by gRPC's name of a call's peer, "fd:N"; NULL: not of ours. */
struct fw_guest *fw_guests_find(struct fw_guests *g, const char *name);
void fw_guest_put(struct fw_guest *guest);

#endif
