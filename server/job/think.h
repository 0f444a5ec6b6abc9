/* think.h - what a job has thought about elsewhere: the stability twin, and the
 * number of groups.
 *
 *     job thread: fw_job_take_thought --> any thread: fw_thought_run
 *     job thread: fw_job_give_thought <--
 *
 * Layer: server/job.  Thread: as said.  A plain value that owns nothing. */
#ifndef FW_JOB_THINK_H
#define FW_JOB_THINK_H

#include "server/momentum/choice.h"
#include "server/momentum/twin.h"

struct fw_job;

struct fw_thought {
    bool has_twin; /* the twin is due */
    struct fw_twin_input twin;
    struct fw_twin_result limits;
    bool has_choice; /* the number of groups is due */
    struct fw_choice_input cluster;
    struct fw_choice choice;
};

/* Is anything due?  Then copy out what is needed for it. */
bool fw_job_take_thought(struct fw_job *job, int64_t now_ms,
                         struct fw_thought *t);

/* Think it through: milliseconds.  Any thread. */
void fw_thought_run(struct fw_thought *t);

/* Act on it. */
void fw_job_give_thought(struct fw_job *job, const struct fw_thought *t,
                         int64_t now_ms);

#endif
