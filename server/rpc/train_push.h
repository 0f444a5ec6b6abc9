/* train_push.h - complete gradients of a Train stream, to the job and back.
 *
 *   FREE --fw_train_push--> WITH THE JOB --------------------> FREE
 *                               \--> HELD by its group --> FREE
 *
 * A push that is with the job or held keeps a reference to the call.
 *
 * Layer: server/rpc.  Thread: the reading baton's holder; answers come from the
 * job's thread. */
#ifndef FW_RPC_TRAIN_PUSH_H
#define FW_RPC_TRAIN_PUSH_H

#include "server/rpc/train_stream.h"

void fw_train_push_init(struct fw_train *t);

/* Hand the complete gather to the job; false if reading must rest. */
bool fw_train_push(struct fw_train *t);

/* The worker sends no more and has all its acks; the call's lock is held. */
bool fw_train_is_done(const struct fw_train *t);

#endif
