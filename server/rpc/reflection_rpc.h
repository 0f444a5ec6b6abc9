/* reflection_rpc.h - grpc.reflection.v1alpha: one answer to each question, in
 * order, from the descriptors in the program.
 *
 * Layer: server/rpc.  Thread: control queue's; answers under the call's lock.
 */
#ifndef FW_RPC_REFLECTION_RPC_H
#define FW_RPC_REFLECTION_RPC_H

#include "server/rpc/call.h"

#define FW_REFLECTION_ANSWERS 32 /* that may wait to be written */

struct fw_reflection {
    grpc_byte_buffer *answers[FW_REFLECTION_ANSWERS]; /* owned; a ring */
    unsigned first;
    unsigned n; /* in the ring */
};

void fw_reflect(struct fw_call *c, struct fw_message *m);
grpc_byte_buffer *fw_reflection_next(struct fw_call *c);
void fw_reflection_close(struct fw_call *c);

#endif
