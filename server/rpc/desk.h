/* desk.h - requests that wait for a disk, done one after the other.
 *
 * A thread of its own does them, so that a slow disk keeps no other request
 * waiting.  The line is short: a request that finds it full is refused.
 *
 * Layer: server/rpc.  Thread: open and close on the main one, post on any.
 * Lives in the rpc server. */
#ifndef FW_RPC_DESK_H
#define FW_RPC_DESK_H

#include <pthread.h>
#include <stdbool.h>

#include "sdk/base/list.h"
#include "sdk/base/status.h"

#define FW_DESK_LINE 16u /* requests that may wait */

/* Lives in what it is about. */
struct fw_task {
    struct fw_list link; /* in the desk's line */
    void (*run)(struct fw_task *task);
};

struct fw_desk {
    pthread_t thread;
    bool open; /* there is a thread */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    struct fw_list line; /* tasks, oldest first */
    unsigned waiting;    /* in the line */
    bool shut;           /* no new ones */
};

FW_MUST_USE fw_status fw_desk_open(struct fw_desk *d, struct fw_err *err);

/* Does what is in the line, then ends.  Safe twice and on zero. */
void fw_desk_close(struct fw_desk *d);

/* FW_OK: `run` is called once.  OVERLOADED, DRAINING: it is not. */
FW_MUST_USE fw_status fw_desk_post(struct fw_desk *d, struct fw_task *task,
                                   struct fw_err *err);

#endif
