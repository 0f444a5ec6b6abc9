/* watch_rpc.h - methods that answer again and again: WatchStatus and the
 * health Watch.
 *
 * A watcher stands in the server's list and gets its next message from the
 * clock's tick; one that is slow is passed over, so it skips and nothing is
 * queued for it.
 *
 * Layer: server/rpc.  Thread: control queue's; fw_watch_tick on the loop. */
#ifndef FW_RPC_WATCH_RPC_H
#define FW_RPC_WATCH_RPC_H

#include "sdk/base/list.h"
#include "server/engine/jobs.h"
#include "server/rpc/call.h"

/* The state of both. */
struct fw_watch {
    grpc_byte_buffer *answer;  /* owned; waits to be written; call's lock */
    struct fw_list link;       /* in the server's list; its watch lock */
    struct fw_call *call;      /* whose state this is */
    bool is_health;            /* a health Watch */
    int64_t due_ms;            /* when the next message is wanted */
    struct fw_job_thread *job; /* ref; WatchStatus */
    uint32_t interval_ms;
    uint64_t seen;    /* number of the snapshot that was sent last */
    uint64_t skipped; /* snapshots that were not sent */
    int health;       /* that was sent last */
};

void fw_watch_status(struct fw_call *c, struct fw_message *m);
void fw_watch_health(struct fw_call *c, struct fw_message *m);

/* Give every watcher that is due its next message, and let go of those that
 * have gone.  Loop thread. */
void fw_watch_tick(struct fw_server *s, int64_t now_ms);

grpc_byte_buffer *fw_watch_next(struct fw_call *c);
void fw_watch_close(struct fw_call *c);

#endif
