/* recover.h - the start of a server: every job that is on disk runs again.
 *
 * Layer: server/engine.  Thread: the main one, before anything else runs. */
#ifndef FW_ENGINE_RECOVER_H
#define FW_ENGINE_RECOVER_H

#include "server/engine/jobs.h"
#include "server/store/checkpoint.h"

/* A job none of whose files is good is left on disk and logged.  Anything else
 * that keeps a job from running is a failure that names it: FW_UNSUPPORTED (a
 * newer flywheel wrote it), FW_IO, FW_NOMEM, FW_BUSY. */
FW_MUST_USE fw_status fw_recover(const struct fw_store *store,
                                 struct fw_jobs *jobs, struct fw_err *err);

/* Parameters and momentum of the checkpoint of version `from` become the next
 * version of a job that runs: *version.  Any thread but a job's: it waits.
 * FW_CLOSED: the job has ended.  As fw_checkpoint_open and fw_job_rewind. */
FW_MUST_USE fw_status fw_recover_rewind(const struct fw_store *store,
                                        struct fw_job_thread *t, uint64_t from,
                                        uint64_t *version, struct fw_err *err);

#endif
