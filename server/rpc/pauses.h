/* pauses.h - calls that rest for a while because their job is at its quota.
 *
 *   put --> (its time comes, its call ends, the server drains) --> go
 *
 * The clients notice nothing but that it takes longer: what they send waits in
 * the socket.  Resolution is that of the server's tick.
 *
 * Layer: server/rpc.  Thread: put by any, tick by the loop's; `go` runs on
 * either with no lock held.  Lives in the server. */
#ifndef FW_RPC_PAUSES_H
#define FW_RPC_PAUSES_H

#include <pthread.h>

#include "server/rpc/call.h"

/* In the state of a call; used again once `go` was called. */
struct fw_pause {
    struct fw_list link;
    struct fw_call *call; /* a reference while it rests */
    int64_t until_us;     /* monotonic */
    void (*go)(struct fw_pause *p);
};

struct fw_pauses {
    pthread_mutex_t lock;   /* guards what follows */
    struct fw_list resting; /* fw_pause */
    bool shut;              /* nobody rests any more */
};

void fw_pauses_open(struct fw_pauses *p);
void fw_pauses_close(struct fw_pauses *p);

/* Any thread: let `call` rest; `call`, `until_us` and `go` of the pause are set
 * here.  A reference is kept till `go` has returned. */
void fw_pauses_put(struct fw_pauses *p, struct fw_pause *pause,
                   struct fw_call *call, int64_t until_us,
                   void (*go)(struct fw_pause *pause));

/* Go on with those whose time has come. */
void fw_pauses_tick(struct fw_pauses *p, int64_t now_us);

/* Go on with all, and let nobody rest any more. */
void fw_pauses_shut(struct fw_pauses *p);

#endif
