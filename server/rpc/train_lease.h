/* train_lease.h - whatever is heard on a Train stream renews its lease.
 *
 * A stream that waits in line for room cannot say anything: that is our doing,
 * and keeps its lease while the connection lives.  One that was silent for its
 * lease ends: half a gradient would take room from the others for ever.
 *
 * Layer: server/rpc.  Thread: the holder of the reading baton, but for look. */
#ifndef FW_RPC_TRAIN_LEASE_H
#define FW_RPC_TRAIN_LEASE_H

#include "server/rpc/train_stream.h"

void fw_train_lease_init(struct fw_train *t);

/* The job has just heard of it. */
void fw_train_heard(struct fw_train *t, int64_t now_ms);

/* It stands in line for room, or does so no more. */
void fw_train_stand(struct fw_train *t, bool in_line);

/* Tell the job, at most once a second; a session that is over ends the call. */
void fw_train_touch(struct fw_train *t);

/* As fw_method.look: the loop's thread. */
void fw_train_look(struct fw_call *c, int64_t now_ms);

/* Answer a heartbeat, if the last answer was long ago. */
void fw_train_beat(struct fw_train *t);

#endif
