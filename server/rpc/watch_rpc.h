/* watch_rpc.h - methods that answer again and again: WatchStatus, the health
 * Watch and reflection.
 *
 * A watcher is asked for its next message by an alarm on the control queue; one
 * that is slow is not asked, so it skips and nothing is queued for it.
 *
 * Layer: server/rpc.  Thread: control queue's. */
#ifndef FW_RPC_WATCH_RPC_H
#define FW_RPC_WATCH_RPC_H

#include "server/engine/jobs.h"
#include "server/rpc/call.h"

/* The state of the three. */
struct fw_watch {
    grpc_byte_buffer *answer;  /* owned; waits to be written; call's lock */
    grpc_alarm *alarm;         /* owned */
    struct fw_job_thread *job; /* ref; WatchStatus */
    uint32_t interval_ms;
    uint64_t seen;    /* number of the snapshot that was sent last */
    uint64_t skipped; /* snapshots that were not sent */
    int health;       /* that was sent last */
    bool started;     /* the request has arrived */
};

void fw_watch_status(struct fw_call *c, struct fw_message *m);
void fw_watch_health(struct fw_call *c, struct fw_message *m);
void fw_reflect(struct fw_call *c, struct fw_message *m);

grpc_byte_buffer *fw_watch_next(struct fw_call *c);
void fw_watch_close(struct fw_call *c);

#endif
