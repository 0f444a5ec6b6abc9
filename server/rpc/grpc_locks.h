/* grpc_locks.h - gRPC's locks without Abseil's search for deadlocks.
 *
 * Debian builds Abseil without NDEBUG.  So each lock that gRPC takes is looked
 * up in a graph of all locks that ever were, with stack traces; what gRPC frees
 * without an end to its lock stays there, some 200 KiB after a thousand workers
 * that came and went.
 *
 * Layer: server/rpc.  Thread: the main one. */
#ifndef FW_RPC_GRPC_LOCKS_H
#define FW_RPC_GRPC_LOCKS_H

#include <stdbool.h>

/* For the whole process.  False: this Abseil has no such search, or not by the
 * name it has in Debian 12. */
bool fw_grpc_locks_relax(void);

#endif
