/* jobs.h - the table of jobs, by name.
 *
 * Layer: server/engine.  Thread: any.  Lives in the program's server. */
#ifndef FW_ENGINE_JOBS_H
#define FW_ENGINE_JOBS_H

#include "server/engine/job_thread.h"
#include "server/store/history.h"

struct fw_jobs {
    pthread_mutex_t lock; /* guards items, n and capacity */
    pthread_mutex_t disk; /* held while a job's files are written or removed */
    struct fw_job_thread **items; /* owned, ref each; in order of creation */
    size_t n;
    size_t capacity;
    size_t limit;               /* most jobs; set at init */
    uint64_t incarnation;       /* of this server; set at init */
    struct fw_thinker *thinker; /* lent; of new jobs; NULL: nobody */
    uint64_t bytes_in;          /* atomic; messages that came, of all calls */
    uint64_t bytes_out;         /* atomic; messages that went */
    struct fw_history *history; /* lent; of their runs; NULL: none */
    struct fw_quota_spec caps;  /* most that a job may use; set at init */
};

FW_MUST_USE fw_status fw_jobs_init(struct fw_jobs *j, size_t limit,
                                   uint64_t incarnation);

/* Stops every job's thread. */
void fw_jobs_close(struct fw_jobs *j);

/* Fill in defaults, check, start.  On FW_OK *out (may be NULL) is a reference.
 * JOB_EXISTS, TOO_MANY_JOBS, QUOTA_EXCEEDED, JOB_INVALID, NAME_INVALID,
 * OUT_OF_MEMORY. */
FW_MUST_USE fw_status fw_jobs_create(struct fw_jobs *j,
                                     const struct fw_job_spec *spec,
                                     struct fw_job_thread **out,
                                     struct fw_err *err);

/* Put in a job whose thread runs; the table takes a reference of its own.
 * JOB_EXISTS, TOO_MANY_JOBS, OUT_OF_MEMORY. */
FW_MUST_USE fw_status fw_jobs_add(struct fw_jobs *j, struct fw_job_thread *t,
                                  struct fw_err *err);

/* A reference, or JOB_NOT_FOUND. */
FW_MUST_USE fw_status fw_jobs_find(struct fw_jobs *j, const char *name,
                                   struct fw_job_thread **out,
                                   struct fw_err *err);

/* Take the job out of the table; the caller gets the table's reference and
 * stops it.  JOB_NOT_FOUND. */
FW_MUST_USE fw_status fw_jobs_take(struct fw_jobs *j, const char *name,
                                   struct fw_job_thread **out,
                                   struct fw_err *err);

/* References to all jobs; end with fw_jobs_all_close. */
FW_MUST_USE fw_status fw_jobs_all(struct fw_jobs *j,
                                  struct fw_job_thread ***out, size_t *n);
void fw_jobs_all_close(struct fw_job_thread **all, size_t n);

/* Any thread: so many bytes of messages came and went, for the metrics. */
void fw_jobs_count(struct fw_jobs *j, size_t in, size_t out);

/* Post a letter to every job so that it notices the time. */
void fw_jobs_tick(struct fw_jobs *j);

/* Post a letter to every job so that nobody waits for a group any more
 * (fw_job_hurry); false if one could not be told: try again. */
bool fw_jobs_hurry(struct fw_jobs *j);

#endif
