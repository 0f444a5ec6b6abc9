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

#endif
