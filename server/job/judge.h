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

/* One step with a complete, good gradient that stands for `n` of workers; `ack`
 * gets what the step was.  Takes `g` unless memory is out (FW_NOMEM). */
FW_MUST_USE fw_status fw_job_apply(struct fw_job *job, struct fw_gather *g,
                                   uint32_t n, int64_t now_ms,
                                   struct fw_gradient_ack *ack);

/* The answer to a gradient of `w` that its group held: complete it by what the
 * step was (or by its reason), remember it, tell who waits. */
void fw_job_answer_held(struct fw_job *job, struct fw_session *w,
                        const struct fw_gradient_ack *step);

#endif
