/* call_guest.h - the plain connection that a call came by, if it is one of the
 * listener's (guests.h): its calls are counted there, and what it sent is set
 * against what was taken of it.
 *
 * Layer: server/rpc.  Thread: the call's. */
#ifndef FW_RPC_CALL_GUEST_H
#define FW_RPC_CALL_GUEST_H

#include "server/rpc/call.h"

/* Find it, and count there.  False: it has too many calls, and was cut, so the
 * call will end by itself. */
FW_MUST_USE bool fw_call_join_guest(struct fw_call *c);

/* A message has come whole, even if it is refused. */
void fw_call_pay(struct fw_call *c, uint64_t bytes);

/* The call has ended. */
void fw_call_leave_guest(struct fw_call *c);

#endif
