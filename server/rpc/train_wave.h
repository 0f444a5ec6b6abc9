/* train_wave.h - gradients that are stepped while they come
 * (server/job/wave.h).
 *
 * Only those of lanes that bring them quickly: while a wave is under way the
 * job makes no other step.
 *
 * Layer: server/rpc.  Thread: the reading baton's holder. */
#ifndef FW_RPC_TRAIN_WAVE_H
#define FW_RPC_TRAIN_WAVE_H

#include "server/rpc/train_stream.h"

/* The first chunk of a gradient is there: its head. */
void fw_train_begin(struct fw_train *t, const struct fw_gradient_head *head);

/* Elements were added: step them, and send what that makes. */
void fw_train_advance(struct fw_train *t);

/* It is complete. */
void fw_train_whole(struct fw_train *t);

#endif
