/* queue.h - the threads that serve gRPC's completion queues.
 *
 * Layer: server/rpc.  Thread: each serves one queue, until it is shut down and
 * empty.  Lives in the server. */
#ifndef FW_RPC_QUEUE_H
#define FW_RPC_QUEUE_H

#include <grpc/grpc.h>

#include "server/rpc/turns.h"

struct fw_queue {
    grpc_completion_queue *queue; /* owned */

    /* the one thread that serves it in turns */
    struct fw_turns turns;
    int64_t blind_us; /* spent on turns since the last look at the queue */
};

/* What comes, as it comes; by any number of threads.  `arg` is a queue. */
void *fw_queue_serve(void *arg);

/* The same by one thread, which lets jobs take turns when there are several. */
void *fw_queue_serve_in_turns(void *arg);

#endif
