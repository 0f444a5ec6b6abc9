/* unread.h - clients that do not read what they are sent.
 *
 * A message on its way holds parameters, and a job has room for few versions:
 * whoever asks for them and never takes them would stop the training of all.
 * So a call whose message was not taken in `limits.unread_ms` is ended, and its
 * connection, too, if that took nothing else meanwhile.
 *
 * Layer: server/rpc.  Thread: the loop's.  Lives in the server. */
#ifndef FW_RPC_UNREAD_H
#define FW_RPC_UNREAD_H

#include <stdint.h>

#include "server/rpc/refusals.h"

struct fw_server;

struct fw_unread {
    int64_t looked_ms;           /* when it was last looked for them */
    struct fw_refusals refusals; /* lines of the log */
};

/* Time passes. */
void fw_unread_tick(struct fw_server *s, int64_t now_ms);

#endif
