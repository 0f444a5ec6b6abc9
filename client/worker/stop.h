/* stop.h - SIGINT, SIGTERM and SIGUSR1 as things that a loop can wait for.
 *
 * One thread takes the signals; everything else in the process has them
 * blocked.  The first SIGINT or
 * SIGTERM asks to stop, the second ends the process at once; SIGUSR1 only wakes
 * who waits.
 *
 * Layer: client/worker.  Thread: made by the main one before all others; then
 * any.  Must not move once open. */
#ifndef FW_WORKER_STOP_H
#define FW_WORKER_STOP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "sdk/base/status.h"

struct fw_stop {
    pthread_t thread; /* set at init */
    bool is_open;     /* set at init */

    /* guarded by lock */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* by the monotonic clock */
    unsigned wakes;         /* SIGUSR1s that nobody has waited for */
    unsigned grace_s;       /* from then to the end at the latest; 0: none */
    int64_t asked_ms;       /* monotonic, of `asked` */
    bool asked;             /* a signal asked to stop */
    bool is_closing;        /* the thread shall end */
};

FW_MUST_USE fw_status fw_stop_open(struct fw_stop *s, struct fw_err *err);
void fw_stop_close(struct fw_stop *s);

/* A process that was asked to stop and has not ended after so long is ended: a
 * worker may be waiting for a server that is gone, and has nothing to lose. The
 * time runs from the signal that asked; no other signal prolongs it. */
void fw_stop_limit(struct fw_stop *s, unsigned seconds);

/* Did a signal ask to stop? */
bool fw_stop_asked(struct fw_stop *s);

/* Wait until asked to stop, woken, or the time is over.  True: asked to stop.
 */
bool fw_stop_wait_us(struct fw_stop *s, int64_t us);
bool fw_stop_wait(struct fw_stop *s, int64_t ms);

/* In a forked child: take the signals back, so that exec gives the default. */
void fw_stop_forget(void);

#endif
