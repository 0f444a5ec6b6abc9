#include "server/engine/saver.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/log.h"
#include "sdk/base/mem.h"
#include "server/engine/waiting.h"
#include "server/job/saved.h"

/* What the job's thread hands out, and the wait for it. */
struct snapshot {
    struct fw_waiting waiting;  /* first */
    float *momentum;            /* owned; n_elements of them */
    struct fw_version *version; /* ref; NULL: nothing to save */
    struct fw_saved_job state;  /* owned */
    uint64_t incarnation;
    fw_status copied;       /* FW_NOMEM: it could not be */
    struct fw_err why;      /* it could not be written */
    char path[FW_PATH_MAX]; /* of the file that was written */
};

static struct snapshot *of_letter(struct fw_letter *l)
{
    return (struct snapshot *)l; /* the letter is first in waiting */
}

static bool has_news(const struct fw_job *job)
{
    return job->current && (job->current->number != job->durable_version ||
                            !job->checkpoint[0]);
}

static void run_copy(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct snapshot *s = of_letter(l);

    (void)now_ms;
    if (has_news(job))
        s->copied = fw_job_save(job, &s->state);
    if (has_news(job) && s->copied == FW_OK) {
        memcpy(s->momentum, job->optimizer.momentum.at,
               job->n_elements * sizeof(float));
        s->version = fw_version_ref(job->current);
        s->incarnation = job->incarnation;
    }
    fw_waiting_wake(&s->waiting, false);
}

static void run_durable(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct snapshot *s = of_letter(l);

    (void)now_ms;
    fw_job_durable(job, s->version->number, s->path);
    fw_waiting_wake(&s->waiting, false);
}

static void run_failed(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct snapshot *s = of_letter(l);

    (void)now_ms;
    fw_job_not_saved(job, s->why.text);
    fw_waiting_wake(&s->waiting, false);
}

static fw_status write_file(const struct fw_store *store,
                            const struct fw_job_spec *spec, struct snapshot *s,
                            struct fw_err *err)
{
    const struct fw_checkpoint c = {
        .spec = spec,
        .version = s->version->number,
        .incarnation = s->incarnation,
        .weights = fw_floats_blocks(s->version->blocks),
        .momentum = fw_floats_flat(s->momentum),
        .state = &s->state,
    };

    return fw_checkpoint_save(store, &c, s->path, err);
}

/* Write the file unless the job was deleted: FW_CLOSED. */
static fw_status write_if_there(const struct fw_store *store,
                                struct fw_jobs *jobs, struct fw_job_thread *t,
                                struct snapshot *s, struct fw_err *err)
{
    struct fw_job_thread *there = NULL;
    fw_status st;

    pthread_mutex_lock(&jobs->disk);
    st = fw_jobs_find(jobs, fw_job_thread_name(t), &there, err);
    if (st == FW_OK && there == t)
        st = write_file(store, fw_job_thread_spec(t), s, err);
    else
        st = FW_CLOSED;
    pthread_mutex_unlock(&jobs->disk);
    fw_job_thread_unref(there);
    return st;
}

fw_status fw_saver_save(const struct fw_store *store, struct fw_jobs *jobs,
                        struct fw_job_thread *t, struct fw_err *err)
{
    struct snapshot s = {.path = ""};
    fw_status st;

    s.momentum = fw_mem_array(fw_job_thread_n_elements(t), sizeof(float));
    if (!s.momentum)
        return fw_err_set(err, FW_NOMEM, "no memory to save a checkpoint");
    st = fw_waiting_ask(&s.waiting, t, run_copy);
    if (st == FW_OK && s.copied != FW_OK)
        st = fw_err_set(err, s.copied, "no memory to save a checkpoint");
    if (st == FW_OK && s.version) {
        st = write_if_there(store, jobs, t, &s, &s.why);
        if (st == FW_OK)
            st = fw_waiting_ask(&s.waiting, t, run_durable);
        else if (st != FW_CLOSED &&
                 fw_waiting_ask(&s.waiting, t, run_failed) != FW_OK)
            st = FW_CLOSED; /* it has ended meanwhile */
        if (err && s.why.text[0])
            *err = s.why;
    }
    fw_version_unref(s.version);
    fw_saved_job_close(&s.state);
    free(s.momentum);
    return st;
}

fw_status fw_saver_save_stopped(const struct fw_store *store,
                                struct fw_job *job, struct fw_err *err)
{
    struct snapshot s = {.momentum = job->optimizer.momentum.at,
                         .version = job->current,
                         .incarnation = job->incarnation};
    fw_status st;

    if (!has_news(job))
        return FW_OK;
    if (fw_job_save(job, &s.state) != FW_OK)
        return fw_err_set(err, FW_NOMEM, "no memory to save a checkpoint");
    st = write_file(store, &job->spec, &s, err);
    fw_saved_job_close(&s.state);
    if (st == FW_OK)
        fw_job_durable(job, job->current->number, s.path);
    return st;
}

fw_status fw_saver_remove(const struct fw_store *store, struct fw_jobs *jobs,
                          const char *job, struct fw_err *err)
{
    struct fw_job_thread *there = NULL;
    fw_status st = FW_OK;

    pthread_mutex_lock(&jobs->disk);
    /* Another job may have got the name: then the files are its own by now. */
    if (fw_jobs_find(jobs, job, &there, NULL) == FW_NOT_FOUND)
        st = fw_checkpoint_remove(store, job, err);
    pthread_mutex_unlock(&jobs->disk);
    fw_job_thread_unref(there);
    return st;
}

/* Is it time for this job, though not for all? */
static bool is_due(struct fw_job_thread *t, uint64_t steps)
{
    struct fw_snapshot *s = fw_job_thread_snapshot(t);
    bool due = steps && !s->status.checkpoint_failures &&
               s->status.version - s->status.durable_version >= steps;

    fw_snapshot_unref(s);
    return due;
}

void fw_saver_save_all(const struct fw_store *store, struct fw_jobs *jobs,
                       uint64_t steps)
{
    struct fw_job_thread **all;
    struct fw_err err = {0};
    size_t n;

    if (fw_jobs_all(jobs, &all, &n) != FW_OK)
        return; /* the next round will do */
    for (size_t i = 0; i < n; i++) {
        fw_status s = FW_OK;

        if (!steps || is_due(all[i], steps))
            s = fw_saver_save(store, jobs, all[i], &err);
        if (s != FW_OK && s != FW_CLOSED)
            fw_log(FW_LOG_ERROR, "checkpoint_failed", "job=%s error=\"%s\"",
                   fw_job_thread_name(all[i]), err.text);
    }
    fw_jobs_all_close(all, n);
}
