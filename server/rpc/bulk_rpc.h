/* bulk_rpc.h - Pull and Initialize: parameters as a stream of their own.
 *
 * Layer: server/rpc.  Thread: bulk queue's, and the job's for letters. */
#ifndef FW_RPC_BULK_RPC_H
#define FW_RPC_BULK_RPC_H

#include "server/engine/jobs.h"
#include "server/rpc/call.h"
#include "server/rpc/pauses.h"
#include "server/rpc/transfer.h"

struct fw_pull_call {
    struct fw_transfer transfer; /* call's lock */
    struct fw_version *version;  /* ref; while it rests */
    struct fw_pause pause;
};

struct fw_initialize_call {
    struct fw_call *call;      /* whose state this is */
    struct fw_job_thread *job; /* ref */
    struct fw_gather *gather;  /* owned; NULL: the job has parameters */
    uint64_t next;             /* the element that comes next, without one */
    struct fw_letter letter;
    grpc_byte_buffer *answer; /* owned; call's lock */
    struct fw_pause pause;    /* while its job is at its rate */
};

void fw_pull(struct fw_call *c, struct fw_message *m);
grpc_byte_buffer *fw_pull_next(struct fw_call *c);
void fw_pull_close(struct fw_call *c);

void fw_initialize(struct fw_call *c, struct fw_message *m);
grpc_byte_buffer *fw_initialize_next(struct fw_call *c);
void fw_initialize_close(struct fw_call *c);

/* As fw_method.look: an upload that has stopped holds memory. */
void fw_initialize_look(struct fw_call *c, int64_t now_ms);

#endif
