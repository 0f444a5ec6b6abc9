/* mailbox.h - letters to a job, from any thread.
 *
 * A letter is a closure that lies in its sender's memory: posting allocates
 * nothing.
 *
 * Layer: server/engine.  Thread: post from any, take by the one reader. */
#ifndef FW_ENGINE_MAILBOX_H
#define FW_ENGINE_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>

#include "sdk/base/status.h"

struct fw_job;

struct fw_letter {
    struct fw_letter *next; /* used by the mailbox only */
    /* Job thread: do it.  The letter is the sender's again once the last of
     * run and after was called. */
    void (*run)(struct fw_letter *letter, struct fw_job *job, int64_t now_ms);
    /* Job thread, behind run and once a status with its effects is published:
     * for answers after which the caller may look.  NULL: not wanted; then the
     * status follows within a tenth of a second. */
    void (*after)(struct fw_letter *letter);
    /* It makes a step: a wave that is under way goes first (wave.h). */
    bool steps;
    /* It changes next to nothing: the status may follow within a second. */
    bool quiet;
    /* Any thread: the job has ended; `run` was not called and will not be. */
    void (*drop)(struct fw_letter *letter);
};

struct fw_mailbox {
    pthread_mutex_t lock;
    pthread_cond_t wake; /* a letter came, or the box was shut */

    /* guarded by lock */
    struct fw_letter *first;
    struct fw_letter **tail; /* where the next letter is hung */
    size_t n;                /* letters in the box */
    size_t limit;            /* set at init */
    bool nudged;             /* the reader is to look up */
    bool shut;
};

FW_MUST_USE fw_status fw_mailbox_init(struct fw_mailbox *m, size_t limit);
void fw_mailbox_close(struct fw_mailbox *m);

/* On FW_OK the letter is lent until `run` or `drop`; on FW_BUSY (full) and
 * FW_CLOSED it stays the caller's and neither is called. */
FW_MUST_USE fw_status fw_mailbox_post(struct fw_mailbox *m,
                                      struct fw_letter *letter);

/* Take all letters, oldest first; waits until there is one, the box is shut
 * (then *shut is true) or `wait_ms` have passed; negative: no limit. */
struct fw_letter *fw_mailbox_take_all(struct fw_mailbox *m, int64_t wait_ms,
                                      bool *shut);

/* Neither shut nor a letter in it. */
bool fw_mailbox_idle(struct fw_mailbox *m);

bool fw_mailbox_is_shut(struct fw_mailbox *m);

/* Have the reader look up: take_all returns, perhaps with nothing. */
void fw_mailbox_nudge(struct fw_mailbox *m);

/* No more letters; wakes the reader. */
void fw_mailbox_shut(struct fw_mailbox *m);

#endif
