/* train_outbox.h - what a Train stream sends, and the letters it posts.
 *
 * Layer: server/rpc.  Thread: any; the call's lock is taken inside. */
#ifndef FW_RPC_TRAIN_OUTBOX_H
#define FW_RPC_TRAIN_OUTBOX_H

#include "server/rpc/train_stream.h"

/* Put a small message into the outbox; a client that does not read what it
 * asked for loses heartbeats first and then the stream. */
void fw_train_answer(struct fw_train *t, const struct fw_train_response *m);

/* The same, and a version behind it (NULL: none), whose reference it takes: the
 * two may travel together. */
void fw_train_answer_with(struct fw_train *t, const struct fw_train_response *m,
                          struct fw_version *take);

/* Send a version after the answers; takes the reference. */
void fw_train_send_version(struct fw_train *t, struct fw_version *take);

/* Blocks `from` to `n` of the next version are there and may go to the worker
 * before it is acknowledged; *early: they do, which is found out with the first
 * ones. */
void fw_train_show(struct fw_train *t, struct fw_version *next, uint32_t from,
                   uint32_t n, bool *early);

/* Post a letter, which holds a reference to the call until it has run or was
 * dropped; false if the job will not take it: then the call is ending. */
bool fw_train_post(struct fw_train *t, struct fw_letter *l);

/* The same, but do it at once if it is short work and the job rests. */
bool fw_train_do(struct fw_train *t, struct fw_letter *l);

/* The letter of a gradient that was stepped as it came. */
bool fw_train_end_wave(struct fw_train *t, struct fw_letter *l);

/* End the call because its job was deleted. */
void fw_train_job_is_gone(struct fw_train *t);

#endif
