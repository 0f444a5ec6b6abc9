/* saved.h - a job's sessions, controller and report, out and in again: what a
 * checkpoint holds beside the floats.
 *
 * Layer: server/job.  Thread: the job's. */
#ifndef FW_JOB_SAVED_H
#define FW_JOB_SAVED_H

#include "sdk/wire/saved_job.h"
#include "server/job/job.h"

/* Copy out; the caller closes it.  A gradient that its group still holds is
 * not in the parameters, so its session is told as before it.  FW_NOMEM. */
FW_MUST_USE fw_status fw_job_save(const struct fw_job *job,
                                  struct fw_saved_job *out);

/* Into a job that was restored (fw_job_restore) and has no workers yet.  Their
 * leases begin anew.  Epochs given out from now on are above all that were ever
 * given out, also behind the checkpoint.  FW_NOMEM, or FW_CORRUPT (a worker
 * twice, numbers that cannot be): then the job may only be closed. */
FW_MUST_USE fw_status fw_job_resurrect(struct fw_job *job,
                                       const struct fw_saved_job *from,
                                       int64_t now_ms, struct fw_err *err);

/* Before that: the decisions that earlier servers took for this job, oldest
 * first, at most FW_DECISIONS_KEPT, stand before its own; what it decided when
 * it was made was for a new job, and goes.  `unix_offset_ms` turns job time
 * into wall time.  None, or FW_NOMEM: nothing changes. */
FW_MUST_USE fw_status fw_job_remember(struct fw_job *job,
                                      const struct fw_decision_list *old,
                                      int64_t unix_offset_ms);

/* Last of all: the last decision has to tell what is in force.  If the
 * checkpoint is of before it, or knows of none, what the law wants now is
 * decided and told. */
void fw_job_confirm(struct fw_job *job, int64_t now_ms);

#endif
