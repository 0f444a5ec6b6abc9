/* judge.h - judges a gradient and applies it: the inside of fw_job_push.
 *
 * Layer: server/job.  Thread: the job's.  Nothing is owned. */
#ifndef FW_JOB_JUDGE_H
#define FW_JOB_JUDGE_H

#include "server/job/job.h"

/* Of the current parameters; 0 while there are none. */
uint64_t fw_job_version(const struct fw_job *job);

/* FENCED, saying what became of the session, which may be NULL. */
fw_status fw_job_fenced(const struct fw_session *w, struct fw_err *err);

#endif
