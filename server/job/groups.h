/* groups.h - workers that step together (compute groups, Hadjis et al. 2016).
 *
 * Members of a group compute at one base version; the mean of their gradients
 * is one step, made when all connected members have delivered or the straggler
 * deadline has passed.  Groups are asynchronous to each other; one group is
 * synchronous SGD, as many as workers is fully asynchronous.  With `buffer` K
 * the mean of any K gradients is a step, whatever their bases (FedBuff's
 * buffer, Nguyen et al. 2022; a worker waits for the step it is part of).
 *
 *     COLLECTING --first delivery--> DUE AT first + deadline
 *         ^                             | all have delivered, or it is due
 *         +------------- step ----------+
 *
 * A gradient that comes too late for its round is refused
 * with LATE; a dead member is not waited for.
 *
 * Layer: server/job.  Thread: the job's.  Lives inside struct fw_job. */
#ifndef FW_JOB_GROUPS_H
#define FW_JOB_GROUPS_H

#include "server/job/round.h"
#include "server/job/sessions.h"

struct fw_job;

#define FW_GROUPS_SLOW 2.5 /* times the middle: too slow to share a group */

/* What is told when a held gradient's step was made; the holder's memory. */
struct fw_held {
    /* Job thread: the gradient was applied or refused, `ack` says which. */
    void (*answer)(struct fw_held *h, struct fw_job *job,
                   const struct fw_gradient_ack *ack);
    /* No answer will come: the job has ended, or another asks. */
    void (*drop)(struct fw_held *h);
};

struct fw_groups {
    uint32_t n;              /* in `items`; 0: no grouping */
    struct fw_group *items;  /* owned */
    uint32_t buffer;         /* K; 0: groups share a base */
    int64_t deadline_ms;     /* as configured; 0: by the rounds seen */
    bool hurry;              /* nobody waits any more */
    bool automatic;          /* the number is chosen (momentum/choice.h) */
    int64_t chosen_ms;       /* when it was chosen last */
    uint64_t chosen_version; /* the model's then */
    uint32_t chosen_workers; /* connected then */
};

/* By the job's specification. */
FW_MUST_USE fw_status fw_groups_init(struct fw_groups *g,
                                     const struct fw_controller_spec *spec);
void fw_groups_close(struct fw_groups *g);
void fw_groups_close_items(struct fw_group *items, uint32_t n);

/* Whether gradients of the job may be held. */
bool fw_groups_on(const struct fw_groups *g);

/* What asynchrony there is: non-empty groups, or workers. */
uint32_t fw_groups_asynchrony(const struct fw_job *job);

/* A worker has come: the smallest group takes it, or, while their number is
 * chosen, a group of its own.  FW_NOMEM. */
FW_MUST_USE fw_status fw_groups_join(struct fw_job *job, struct fw_session *w);

/* A worker goes (its session is still connected): it may complete its group's
 * round. */
void fw_groups_leave(struct fw_job *job, struct fw_session *w, int64_t now_ms);

/* A gradient that was judged good.  Takes it in any case; FW_BUSY: it is held;
 * FW_OK: `ack` says what became of it. */
FW_MUST_USE fw_status fw_groups_deliver(struct fw_job *job,
                                        struct fw_session *w,
                                        struct fw_gather *take, int64_t now_ms,
                                        struct fw_gradient_ack *ack);

/* Rounds whose deadline has passed are stepped without those that miss. */
void fw_groups_tick(struct fw_job *job, int64_t now_ms);

/* When fw_groups_tick has something to do at the latest; INT64_MAX: never. */
int64_t fw_groups_next_ms(const struct fw_job *job);

/* The base of w's group, or the newest version; a reference, or NULL. */
struct fw_version *fw_groups_base(struct fw_job *job, struct fw_session *w,
                                  int64_t now_ms);

/* Work in `n` groups from now on: equally fast workers share one, a worker much
 * slower than the rest has one of its own.  Rounds under way are stepped. */
FW_MUST_USE fw_status fw_groups_arrange(struct fw_job *job, uint32_t n,
                                        int64_t now_ms);

#endif
