#include "server/engine/recover.h"

#include <inttypes.h>
#include <stdlib.h>

#include "sdk/base/clock.h"
#include "sdk/base/log.h"
#include "sdk/base/mem.h"
#include "server/engine/waiting.h"
#include "server/job/saved.h"

/* Parameters and momentum, for a job that has this pool.  The caller closes
 * the gather and frees the momentum, also on failure. */
static fw_status read_floats(const struct fw_checkpoint_file *f,
                             struct fw_pool *pool, struct fw_gather **gather,
                             float **momentum, struct fw_err *err)
{
    uint64_t n = fw_tensor_list_elements(&f->spec.tensors);
    fw_status s = FW_NOMEM;

    *gather = NULL;
    *momentum = fw_mem_aligned(n, sizeof(float));
    if (*momentum)
        s = fw_gather_create(pool, n, FW_DTYPE_F32, NULL, gather);
    if (s != FW_OK)
        return fw_err_set(err, s, "no memory for its parameters");
    s = fw_checkpoint_load(f, fw_floats_blocks((*gather)->blocks),
                           fw_floats_flat(*momentum), err);
    (*gather)->filled = n;
    return s;
}

/* The decisions of the servers before this one.  Without them a job runs as
 * well, so that what fails is logged. */
static void remember(const struct fw_history *h, struct fw_job *job)
{
    struct fw_decision_list old = {0};
    struct fw_err err = {0};
    fw_status s;

    if (!h)
        return;
    s = fw_history_decisions(h, job->spec.name, FW_DECISIONS_KEPT, &old, &err);
    if (s == FW_OK)
        s = fw_job_remember(job, &old, fw_clock_unix_ms() - fw_clock_mono_ms());
    if (s != FW_OK)
        fw_log(FW_LOG_WARN, "decisions_not_recovered", "job=%s error=\"%s\"",
               job->spec.name, err.text[0] ? err.text : fw_status_text(s));
    fw_decision_list_close(&old);
}

/* Into a job whose thread does not run yet. */
static fw_status load(const struct fw_checkpoint_file *f,
                      const struct fw_history *history, struct fw_job *job,
                      struct fw_err *err)
{
    struct fw_gather *g;
    float *momentum;
    fw_status s = read_floats(f, job->pool, &g, &momentum, err);

    if (s == FW_OK)
        s = fw_job_restore(job, g, momentum, f->version, err);
    else
        fw_gather_close(g);
    if (s == FW_OK)
        remember(history, job);
    if (s == FW_OK && f->has_state)
        s = fw_job_resurrect(job, &f->state, fw_clock_mono_ms(), err);
    if (s == FW_OK) {
        fw_job_confirm(job, fw_clock_mono_ms());
        fw_job_durable(job, f->version, f->file.path);
    }
    job->bad_checkpoints = f->n_bad;
    free(momentum);
    return s;
}

static fw_status start(const struct fw_checkpoint_file *f, struct fw_jobs *jobs,
                       struct fw_err *err)
{
    struct fw_job_spec spec = f->spec; /* borrows the tensor list */
    struct fw_job_thread *t = NULL;
    fw_status s;

    spec.limits.caps = jobs->caps; /* as they are today */
    s = fw_job_thread_create(&spec, jobs->incarnation, &t, err);

    if (s == FW_OK)
        s = load(f, jobs->history, fw_job_thread_job(t), err);
    if (s == FW_OK)
        fw_job_thread_set_thinker(t, jobs->thinker);
    if (s == FW_OK)
        s = fw_job_thread_run(t, err);
    if (s == FW_OK)
        s = fw_jobs_add(jobs, t, err);
    if (s != FW_OK && t)
        fw_job_thread_stop(t);
    fw_job_thread_unref(t);
    return s;
}

static fw_status recover(const struct fw_store *store, const char *name,
                         struct fw_jobs *jobs, struct fw_err *err)
{
    struct fw_checkpoint_file f = {0};
    fw_status s = fw_checkpoint_find(store, name, &f, err);

    if (s == FW_NOT_FOUND) {
        fw_log(FW_LOG_WARN, "job_without_checkpoint", "job=%s", name);
        return FW_OK;
    }
    if (s == FW_OK)
        s = start(&f, jobs, err);
    if (s == FW_OK)
        fw_log(FW_LOG_INFO, "job_recovered",
               "job=%s version=%" PRIu64 " bad_files=%u", name, f.version,
               f.n_bad);
    fw_checkpoint_file_close(&f);
    return s == FW_OK ? s : fw_err_wrap(err, s, "job %s", name);
}

fw_status fw_recover(const struct fw_store *store, struct fw_jobs *jobs,
                     struct fw_err *err)
{
    struct fw_job_names names = {0};
    fw_status s = fw_checkpoint_jobs(store, &names, err);

    for (uint32_t i = 0; s == FW_OK && i < names.n; i++)
        s = recover(store, names.items[i], jobs, err);
    fw_job_names_close(&names);
    return s;
}

/* --- a job that runs --- */

struct rewind {
    struct fw_waiting waiting; /* first */
    struct fw_gather *gather;  /* owned until it ran */
    float *momentum;           /* owned */
    uint64_t version;          /* that it became */
    struct fw_err err;
    fw_status status;
};

static void run_rewind(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct rewind *r = (struct rewind *)l; /* the letter is first in waiting */

    (void)now_ms;
    r->status = fw_job_rewind(job, r->gather, r->momentum, &r->err);
    r->gather = NULL;
    if (r->status == FW_OK)
        r->version = job->current->number;
    fw_waiting_wake(&r->waiting, false);
}

fw_status fw_recover_rewind(const struct fw_store *store,
                            struct fw_job_thread *t, uint64_t from,
                            uint64_t *version, struct fw_err *err)
{
    struct fw_checkpoint_file f;
    struct rewind r = {.version = 0};
    fw_status s =
        fw_checkpoint_open(store, fw_job_thread_name(t), from, &f, err);

    if (s == FW_OK)
        s = fw_tensor_list_match(&fw_job_thread_spec(t)->tensors,
                                 &f.spec.tensors, err);
    if (s == FW_OK)
        s = read_floats(&f, fw_job_thread_pool(t), &r.gather, &r.momentum, err);
    if (s == FW_OK)
        s = fw_waiting_ask(&r.waiting, t, run_rewind);
    if (s == FW_OK && r.status != FW_OK) {
        s = r.status;
        if (err)
            *err = r.err;
    }
    *version = r.version;
    fw_gather_close(r.gather);
    free(r.momentum);
    fw_checkpoint_file_close(&f);
    return s;
}
