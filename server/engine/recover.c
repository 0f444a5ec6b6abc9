#include "server/engine/recover.h"

#include <inttypes.h>
#include <stdlib.h>

#include "sdk/base/clock.h"
#include "sdk/base/log.h"
#include "sdk/base/mem.h"
#include "server/job/saved.h"

/* Parameters and momentum into a job whose thread does not run yet. */
static fw_status load(const struct fw_checkpoint_file *f, struct fw_job *job,
                      struct fw_err *err)
{
    float *momentum = fw_mem_aligned(job->n_elements, sizeof(float));
    struct fw_gather *g = NULL;
    fw_status s = FW_NOMEM;

    if (momentum)
        s = fw_gather_create(job->pool, job->n_elements, FW_DTYPE_F32, NULL,
                             &g);
    if (s != FW_OK) {
        free(momentum);
        return fw_err_set(err, s, "no memory for its parameters");
    }
    s = fw_checkpoint_load(f, fw_floats_blocks(g->blocks),
                           fw_floats_flat(momentum), err);
    if (s == FW_OK) {
        g->filled = g->n_elements;
        s = fw_job_restore(job, g, momentum, f->version, err);
    } else {
        fw_gather_close(g);
    }
    if (s == FW_OK && f->has_state)
        s = fw_job_resurrect(job, &f->state, fw_clock_mono_ms(), err);
    if (s == FW_OK)
        fw_job_durable(job, f->version, f->file.path);
    free(momentum);
    return s;
}

static fw_status start(const struct fw_checkpoint_file *f, struct fw_jobs *jobs,
                       struct fw_err *err)
{
    struct fw_job_thread *t = NULL;
    fw_status s = fw_job_thread_create(&f->spec, jobs->incarnation, &t, err);

    if (s == FW_OK)
        s = load(f, fw_job_thread_job(t), err);
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
