/* training_rpc.h - the unary methods of TrainingService.
 *
 * Layer: server/rpc.  Thread: completion queue's, and the job's for letters. */
#ifndef FW_RPC_TRAINING_RPC_H
#define FW_RPC_TRAINING_RPC_H

#include "server/rpc/unary.h"

void fw_join(struct fw_call *c, struct fw_message *m);
void fw_leave(struct fw_call *c, struct fw_message *m);
void fw_report_result(struct fw_call *c, struct fw_message *m);
void fw_join_close(struct fw_call *c);

/* The states of Join, Leave and Report. */
struct fw_join_call {
    struct fw_unary unary; /* first */
    struct fw_letter letter;
    struct fw_call *call;              /* whose state this is */
    struct fw_join_request request;    /* owned */
    uint8_t session[FW_SESSION_BYTES]; /* fresh secret */
};
struct fw_leave_call {
    struct fw_unary unary; /* first */
    struct fw_letter letter;
    struct fw_call *call; /* whose state this is */
    struct fw_session_key key;
};
struct fw_report_call {
    struct fw_unary unary; /* first */
    struct fw_letter letter;
    struct fw_call *call; /* whose state this is */
    struct fw_report_request request;
};

#endif
