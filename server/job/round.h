/* round.h - a group's round: gradients of its members become one step.
 *
 * A group keeps one gradient's worth of memory: the others are added to the
 * first and let go.
 *
 * Layer: server/job.  Thread: the job's.  Lives inside struct fw_groups. */
#ifndef FW_JOB_ROUND_H
#define FW_JOB_ROUND_H

#include "server/job/params.h"

struct fw_job;

struct fw_group {
    uint32_t members;        /* connected */
    uint32_t delivered;      /* of them, in this round */
    struct fw_version *base; /* ref; that they compute at; NULL: the newest */
    struct fw_gather *sum;   /* owned; of the gradients of this round */
    uint32_t n;              /* gradients in it */
    uint64_t samples;        /* in them */
    double loss;             /* sum of the finite ones */
    uint32_t losses;         /* finite ones */
    double staleness;        /* sum; for a buffer */
    int64_t first_ms;        /* when the first came */
    int64_t began_ms;        /* when the base was made */
    double round_ms;         /* smoothed time of a complete round; 0: none */
};

/* Add a gradient to the round's sum.  Takes it. */
void fw_round_add(struct fw_group *group, struct fw_gather *take);

/* One step with the mean of what was delivered (at least one gradient); all who
 * delivered are answered, the next round begins.  `complete`: nobody is
 * missing, so its time counts. */
void fw_round_step(struct fw_job *job, struct fw_group *group, bool complete,
                   int64_t now_ms);

#endif
