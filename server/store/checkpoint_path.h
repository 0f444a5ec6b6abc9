/* checkpoint_path.h - where a job's files lie.
 *
 * Layer: server/store.  Thread: any. */
#ifndef FW_STORE_CHECKPOINT_PATH_H
#define FW_STORE_CHECKPOINT_PATH_H

#include "server/store/checkpoint.h"

#define FW_CHECKPOINT_TEMPORARY ".tmp" /* not yet durable */
#define FW_CHECKPOINT_BAD       ".bad" /* failed its check */

/* DATA/jobs/JOB, or DATA/jobs without a job.  NAME_INVALID for a name that is
 * none; FW_INVALID if it is too long. */
FW_MUST_USE fw_status fw_checkpoint_folder(const struct fw_store *store,
                                           const char *job,
                                           char path[FW_PATH_MAX],
                                           struct fw_err *err);

/* FOLDER/NAME and what comes behind it; FW_INVALID if it is too long. */
FW_MUST_USE fw_status fw_checkpoint_join(const char *folder, const char *name,
                                         const char *behind,
                                         char path[FW_PATH_MAX],
                                         struct fw_err *err);

#endif
