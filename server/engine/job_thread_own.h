/* job_thread_own.h - what a job's thread consists of; for job_thread*.c alone.
 *
 * Layer: server/engine.  Thread: as said. */
#ifndef FW_ENGINE_JOB_THREAD_OWN_H
#define FW_ENGINE_JOB_THREAD_OWN_H

#include "server/engine/job_thread.h"

struct fw_job_thread {
    uint32_t refs; /* atomic */
    pthread_t thread;
    struct fw_mailbox mailbox;
    struct fw_thinker *thinker; /* lent; NULL: nobody runs the twin */
    bool thinking;              /* atomic; a run is under way */

    pthread_cond_t ended; /* with the baton: a wave may have ended */
    bool wanted;          /* atomic; the thread waits for the baton: leave it */
    pthread_mutex_t baton;     /* guards what follows, till `stop_lock` */
    struct fw_job job;         /* read without it after stop */
    int64_t wake_ms;           /* when the thread looks up by itself */
    int64_t fresh_ms;          /* how old the snapshot may get; INT64_MAX: it
                                  shows the job as it is */
    int64_t snapshot_at_ms;    /* when the last one was made */
    struct fw_thought thought; /* scratch */

    pthread_mutex_t stop_lock; /* guards stopped */
    bool stopped;              /* or not begun */

    pthread_mutex_t lock;         /* guards what follows */
    struct fw_version *version;   /* ref; newest parameters */
    struct fw_snapshot *snapshot; /* ref; newest status */
};

#endif
