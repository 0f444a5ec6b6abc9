/* unread.h - clients that do not read what they are sent, or too slowly.
 *
 * A message on its way holds parameters, and a job has room for few versions:
 * whoever asks for them and never takes them would stop the training of all.
 * So a call whose message was not taken in `limits.unread_ms` is ended, and its
 * connection, too, if that took nothing else meanwhile.  Who reads on and on
 * holds its version for as long: while gradients wait for room it has that
 * time, and what the version takes at `limits.read_mb_per_second`.
 *
 * Layer: server/rpc.  Thread: the loop's.  Lives in the server. */
#ifndef FW_RPC_UNREAD_H
#define FW_RPC_UNREAD_H

#include <stdint.h>

#include "server/rpc/refusals.h"

struct fw_call;
struct fw_server;
struct fw_transfer;

struct fw_unread {
    int64_t looked_ms;           /* when it was last looked for them */
    int64_t next_ms;             /* atomic: till then there are none */
    struct fw_refusals refusals; /* lines of the log */
};

/* There may be one from then on.  Any thread. */
void fw_unread_from(struct fw_unread *u, int64_t ms);

/* By `look` of a method that sends versions: end the call if the one under way
 * has taken too long. */
void fw_unread_look(struct fw_call *c, struct fw_transfer *t, int64_t now_ms);

/* Time passes. */
void fw_unread_tick(struct fw_server *s, int64_t now_ms);

#endif
