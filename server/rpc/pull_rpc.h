/* pull_rpc.h - Pull: the newest parameters as a stream of their own.
 *
 * Layer: server/rpc.  Thread: bulk queue's. */
#ifndef FW_RPC_PULL_RPC_H
#define FW_RPC_PULL_RPC_H

#include "server/rpc/call.h"
#include "server/rpc/pauses.h"
#include "server/rpc/transfer.h"

struct fw_pull_call {
    struct fw_transfer transfer; /* call's lock */
    struct fw_version *version;  /* ref; while it rests */
    struct fw_pause pause;
};

void fw_pull(struct fw_call *c, struct fw_message *m);
grpc_byte_buffer *fw_pull_next(struct fw_call *c);
void fw_pull_close(struct fw_call *c);

/* As fw_method.look: who reads slowly holds a version. */
void fw_pull_look(struct fw_call *c, int64_t now_ms);

#endif
