/* history_rpc.h - GetHistory and ListRuns of StatusService.
 *
 * Layer: server/rpc.  Thread: a completion queue's, then the desk's. */
#ifndef FW_RPC_HISTORY_RPC_H
#define FW_RPC_HISTORY_RPC_H

#include "sdk/wire/history.h"
#include "server/rpc/desk.h"
#include "server/rpc/unary.h"

struct fw_history_call {
    struct fw_unary unary; /* first */
    struct fw_task task;   /* at the desk */
    struct fw_call *call;  /* ref while it is there */
    union {
        struct fw_history_request series; /* of GetHistory */
        struct fw_runs_request runs;      /* of ListRuns */
    } of;
};

void fw_get_history(struct fw_call *c, struct fw_message *m);
void fw_list_runs(struct fw_call *c, struct fw_message *m);

#endif
