/* saver.h - writes a job's checkpoint while it trains.
 *
 * The job's thread lends an immutable version and copies its momentum buffer;
 * the rest is done by the caller's thread.
 *
 * Layer: server/engine.  Thread: any but a job's or the loop's: it waits. */
#ifndef FW_ENGINE_SAVER_H
#define FW_ENGINE_SAVER_H

#include "server/engine/jobs.h"
#include "server/store/checkpoint.h"

/* Save a job if it has changed since its last checkpoint.  FW_CLOSED: it has
 * ended.  On FW_OK the job knows what is durable. */
FW_MUST_USE fw_status fw_saver_save(const struct fw_store *store,
                                    struct fw_jobs *jobs,
                                    struct fw_job_thread *t,
                                    struct fw_err *err);

/* The same for a job whose thread has stopped. */
FW_MUST_USE fw_status fw_saver_save_stopped(const struct fw_store *store,
                                            struct fw_job *job,
                                            struct fw_err *err);

/* Remove the files of a job that was taken out of the table: no save that is
 * under way brings them back.  Waits for such a save. */
FW_MUST_USE fw_status fw_saver_remove(const struct fw_store *store,
                                      struct fw_jobs *jobs, const char *job,
                                      struct fw_err *err);

/* Save all jobs, or those that are `steps` or more ahead of their checkpoint
 * and whose last save did not fail.  Failures are logged, the others go on. */
void fw_saver_save_all(const struct fw_store *store, struct fw_jobs *jobs,
                       uint64_t steps);

#endif
