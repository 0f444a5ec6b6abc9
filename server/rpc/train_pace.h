/* train_pace.h - a Train stream keeps to the rates of its job.
 *
 * Nothing is refused: what came is paid for, and if that was too much the
 * stream is not read on for a while.  Meanwhile its lease is renewed and the
 * worker hears heartbeats, so that nobody gives anybody up.
 *
 * Layer: server/rpc.  Thread: the reading baton's holder. */
#ifndef FW_RPC_TRAIN_PACE_H
#define FW_RPC_TRAIN_PACE_H

#include "server/rpc/train_stream.h"

/* For jobs that have rates: a piece of a gradient has come; `begins` one. */
void fw_train_pay_gradient(struct fw_train *t, uint64_t bytes, bool begins);

/* Parameters were asked for. */
void fw_train_pay_parameters(struct fw_train *t);

/* Rest until t->rest_us, then read on. */
void fw_train_rest(struct fw_train *t);

/* The next message may be read, now or when the job's rates allow it. */
static inline void fw_train_read_on(struct fw_train *t)
{
    if (t->rest_us)
        fw_train_rest(t);
    else
        fw_call_read(t->call);
}

#endif
