/* checkpoint_rpc.h - CheckpointService.
 *
 * Layer: server/rpc.  Thread: a completion queue's, then the desk's. */
#ifndef FW_RPC_CHECKPOINT_RPC_H
#define FW_RPC_CHECKPOINT_RPC_H

#include "server/rpc/desk.h"
#include "server/rpc/unary.h"

struct fw_checkpoint_call {
    struct fw_unary unary; /* first */
    struct fw_task task;   /* at the desk */
    struct fw_call *call;  /* ref while it is there */
    struct fw_checkpoint_ref request;
};

void fw_save_checkpoint(struct fw_call *c, struct fw_message *m);
void fw_list_checkpoints(struct fw_call *c, struct fw_message *m);
void fw_verify_checkpoints(struct fw_call *c, struct fw_message *m);
void fw_restore_checkpoint(struct fw_call *c, struct fw_message *m);

#endif
