/* waiting.h - a letter to a job whose sender waits for it.
 *
 * Layer: server/engine.  Thread: the sender's, which must not be a job's; the
 * letter runs on the job's.  Lives on the sender's stack. */
#ifndef FW_ENGINE_WAITING_H
#define FW_ENGINE_WAITING_H

#include "server/engine/job_thread.h"

struct fw_waiting {
    struct fw_letter letter; /* first, so that `run` finds its own */
    pthread_mutex_t lock;    /* guards what follows */
    pthread_cond_t wake;
    bool done;
    bool dropped; /* the job has ended */
};

/* Post the letter and wait until `run` has called fw_waiting_wake; FW_CLOSED if
 * it will not be run, FW_BUSY if the box is full. */
FW_MUST_USE fw_status fw_waiting_ask(struct fw_waiting *w,
                                     struct fw_job_thread *t,
                                     void (*run)(struct fw_letter *,
                                                 struct fw_job *, int64_t));

/* The job's thread: the sender may go on; the letter is its own again. */
void fw_waiting_wake(struct fw_waiting *w, bool dropped);

#endif
