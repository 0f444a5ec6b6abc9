/* train_pull.h - parameters without a gradient, on a Train stream.
 *
 * Layer: server/rpc.  Thread: the reading baton's holder. */
#ifndef FW_RPC_TRAIN_PULL_H
#define FW_RPC_TRAIN_PULL_H

#include "server/rpc/train_stream.h"

void fw_train_pull_init(struct fw_train *t);

/* Send the parameters that the worker is to compute at; true if the next
 * message may be read now. */
bool fw_train_pull(struct fw_train *t);

#endif
