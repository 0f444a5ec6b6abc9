/* status_rpc.h - StatusService and health.
 *
 * Layer: server/rpc.  Thread: completion queue's, and the job's for letters. */
#ifndef FW_RPC_STATUS_RPC_H
#define FW_RPC_STATUS_RPC_H

#include "server/rpc/unary.h"

void fw_get_status(struct fw_call *c, struct fw_message *m);
void fw_list_decisions(struct fw_call *c, struct fw_message *m);
void fw_get_trace(struct fw_call *c, struct fw_message *m);
void fw_check_health(struct fw_call *c, struct fw_message *m);

/* The state of ListDecisions. */
struct fw_decisions_call {
    struct fw_unary unary; /* first */
    struct fw_letter letter;
    struct fw_call *call; /* whose state this is */
    struct fw_decisions_request request;
};

/* The state of GetTrace. */
struct fw_trace_call {
    struct fw_unary unary; /* first */
    struct fw_letter letter;
    struct fw_call *call; /* whose state this is */
    struct fw_trace_request request;
};

#endif
