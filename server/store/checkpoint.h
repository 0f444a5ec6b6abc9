/* checkpoint.h - a job on disk: DATA/jobs/JOB/checkpoint-VERSION.safetensors.
 *
 * A file holds the parameters under their names, the momentum buffer under
 * "optimizer.momentum/", and as texts the job's description and its state:
 * sessions, controller, report.  It is written
 * beside the others, made durable and then named, so that whatever happens the
 * last one stays.  A file that fails its check is renamed to end in ".bad" and
 * never deleted.
 *
 * Layer: server/store.  Thread: any; one job's files are one caller's at a
 * time.  Nothing is owned but what has a _close. */
#ifndef FW_STORE_CHECKPOINT_H
#define FW_STORE_CHECKPOINT_H

#include "sdk/wire/codec.h"
#include "sdk/wire/saved_job.h"
#include "server/store/safetensors.h"

#define FW_CHECKPOINT_FORMAT   1 /* this build writes; and reads up to */
#define FW_CHECKPOINT_STATE    "flywheel.state"
#define FW_CHECKPOINT_MOMENTUM FW_SAFETENSORS_OPTIMIZER "momentum/"

/* Where checkpoints go. */
struct fw_store {
    const struct fw_disk *disk; /* lent */
    const char *data_dir;       /* lent */
    uint32_t keep;              /* newest ones of a job to keep; at least 1 */
};

/* Make DATA/jobs.  The data folder itself is there (fw_lock_take). */
FW_MUST_USE fw_status fw_store_prepare(const struct fw_store *store,
                                       struct fw_err *err);

/* A job's state to save.  Everything is lent and must not change meanwhile. */
struct fw_checkpoint {
    const struct fw_job_spec *spec;
    uint64_t version;
    uint64_t incarnation;
    struct fw_floats weights;
    struct fw_floats momentum;
    const struct fw_saved_job *state; /* NULL: nobody has ever joined */
};

/* Save durably; `path` then holds the file's name.  On FW_IO or FW_NOMEM the
 * checkpoints before are as they were.  Older ones than `keep` are removed;
 * that this fails is no failure, the next save tries again. */
FW_MUST_USE fw_status fw_checkpoint_save(const struct fw_store *store,
                                         const struct fw_checkpoint *c,
                                         char path[FW_PATH_MAX],
                                         struct fw_err *err);

/* A checkpoint that was found.  Zero is valid and closed. */
struct fw_checkpoint_file {
    struct fw_safetensors_file file; /* owned; file.path is its name */
    struct fw_job_spec spec;         /* owned */
    struct fw_saved_job state;       /* owned */
    bool has_state;                  /* there is one */
    uint64_t version;
    uint64_t incarnation; /* of the server that wrote it */
    uint32_t n_bad;       /* newer ones that were renamed to .bad */
};

/* Find the newest checkpoint of a job that passes every check; it is durable
 * from then on.  FW_NOT_FOUND: there is none.  FW_UNSUPPORTED: the newest was
 * written by a newer flywheel. FW_IO and FW_NOMEM say nothing about the files,
 * which stay. */
FW_MUST_USE fw_status fw_checkpoint_find(const struct fw_store *store,
                                         const char *job,
                                         struct fw_checkpoint_file *out,
                                         struct fw_err *err);
void fw_checkpoint_file_close(struct fw_checkpoint_file *f);

/* Open and check the one of this version; nothing is renamed.  FW_NOT_FOUND,
 * FW_CORRUPT, FW_UNSUPPORTED, FW_IO, FW_NOMEM; `out` may be closed then. */
FW_MUST_USE fw_status fw_checkpoint_open(const struct fw_store *store,
                                         const char *job, uint64_t version,
                                         struct fw_checkpoint_file *out,
                                         struct fw_err *err);

/* A job's files, newest first, those that were set aside among them; unread. */
FW_MUST_USE fw_status fw_checkpoint_list(const struct fw_store *store,
                                         const char *job,
                                         struct fw_checkpoint_list *out,
                                         struct fw_err *err);

/* Read one of a list and note how it is. */
FW_MUST_USE fw_status fw_checkpoint_verify(const struct fw_store *store,
                                           const char *job,
                                           struct fw_checkpoint_info *info);

/* Read the floats, as many as the spec's tensors have. */
FW_MUST_USE fw_status fw_checkpoint_load(const struct fw_checkpoint_file *f,
                                         struct fw_floats weights,
                                         struct fw_floats momentum,
                                         struct fw_err *err);

/* Remove all of a job's files; FW_OK if there are none. */
FW_MUST_USE fw_status fw_checkpoint_remove(const struct fw_store *store,
                                           const char *job, struct fw_err *err);

/* The jobs that have a folder, by name. */
FW_MUST_USE fw_status fw_checkpoint_jobs(const struct fw_store *store,
                                         struct fw_job_names *out,
                                         struct fw_err *err);

#endif
