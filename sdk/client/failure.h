/* failure.h - how a call ended, as flywheel's outcome.
 *
 * Layer: sdk/client.  Thread: its owner's. */
#ifndef FW_CLIENT_FAILURE_H
#define FW_CLIENT_FAILURE_H

#include <grpc/grpc.h>

#include "sdk/base/status.h"

/* Where GRPC_OP_RECV_STATUS_ON_CLIENT writes. */
struct fw_ending {
    grpc_metadata_array trailers; /* owned; its texts lie in the call */
    grpc_status_code code;
    grpc_slice details; /* owned */
};

void fw_ending_init(struct fw_ending *e);
void fw_ending_close(struct fw_ending *e);

/* The operation that fills `e`. */
grpc_op fw_ending_op(struct fw_ending *e);

/* FW_OK, or the reason of the grpc-status-details-bin trailer and the fw_status
 * that belongs to it, or what the bare code means. */
FW_MUST_USE fw_status fw_ending_status(const struct fw_ending *e,
                                       struct fw_err *err);

#endif
