/* errands.h - thinks for jobs on libuv's pool: stability twins, groups.
 *
 *     job thread --think--> list --async--> loop --queue_work--> pool
 *     job thread <------------- letter with the result -----------+
 *
 * Layer: server/engine.  Thread: init, open and close on the loop's; think on
 * any.  A job asks for one run at a time, so the list is at most as long as
 * there are jobs; each errand holds a reference to its job's thread, so a job
 * may be deleted meanwhile.  Lives in the program's daemon. */
#ifndef FW_ENGINE_ERRANDS_H
#define FW_ENGINE_ERRANDS_H

#include <pthread.h>
#include <uv.h>

#include "server/engine/job_thread.h"

struct fw_errand;

struct fw_errands {
    struct fw_thinker thinker; /* first: what jobs are given */
    uv_async_t wake;           /* there are errands, or it is over */
    pthread_mutex_t lock;      /* guards the rest */
    struct fw_errand *first;   /* owned; waiting for the loop */
    bool open;                 /* there is a loop to wake */
};

FW_MUST_USE fw_status fw_errands_init(struct fw_errands *e);

/* From now on jobs are thought for; before, asking for one does nothing. */
FW_MUST_USE fw_status fw_errands_open(struct fw_errands *e, uv_loop_t *loop);

/* No new errands; those that run end by themselves, the loop waits for them.
 * Safe if it was never opened. */
void fw_errands_shut(struct fw_errands *e);

/* After the loop has ended and the jobs' threads with it. */
void fw_errands_close(struct fw_errands *e);

#endif
