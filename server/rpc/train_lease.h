/* train_lease.h - whatever is heard on a Train stream renews its lease.
 *
 * Layer: server/rpc.  Thread: the holder of the reading baton. */
#ifndef FW_RPC_TRAIN_LEASE_H
#define FW_RPC_TRAIN_LEASE_H

#include "server/rpc/train_stream.h"

void fw_train_lease_init(struct fw_train *t);

/* Tell the job, at most once a second; a session that is over ends the call. */
void fw_train_touch(struct fw_train *t);

/* Answer a heartbeat, if the last answer was long ago. */
void fw_train_beat(struct fw_train *t);

#endif
