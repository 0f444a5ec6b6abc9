/* methods.h - every method flywheeld serves, in one table.
 *
 * Layer: server/rpc.  Thread: any; constants. */
#ifndef FW_RPC_METHODS_H
#define FW_RPC_METHODS_H

#include "server/rpc/call.h"

#define FW_METHODS_MAX 32

/* Where Train is in the table. */
#define FW_METHOD_TRAIN 0

extern const struct fw_method fw_methods[];
extern const size_t fw_methods_n;

#endif
