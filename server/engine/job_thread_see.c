/* What others see of a job: what was published, and what never changes. */
#include <stdlib.h>

#include "server/engine/job_thread_own.h"

void fw_snapshot_unref(struct fw_snapshot *s)
{
    if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
        return;
    fw_job_status_close(&s->status);
    free(s);
}

struct fw_version *fw_job_thread_version(struct fw_job_thread *t)
{
    struct fw_version *v;

    pthread_mutex_lock(&t->lock);
    v = t->version ? fw_version_ref(t->version) : NULL;
    pthread_mutex_unlock(&t->lock);
    return v;
}

struct fw_snapshot *fw_job_thread_snapshot(struct fw_job_thread *t)
{
    struct fw_snapshot *s;

    pthread_mutex_lock(&t->lock);
    s = t->snapshot;
    __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&t->lock);
    return s;
}

const char *fw_job_thread_name(const struct fw_job_thread *t)
{
    return t->job.spec.name;
}

const struct fw_job_spec *fw_job_thread_spec(const struct fw_job_thread *t)
{
    return &t->job.spec;
}

uint64_t fw_job_thread_n_elements(const struct fw_job_thread *t)
{
    return t->job.n_elements;
}

struct fw_pool *fw_job_thread_pool(struct fw_job_thread *t)
{
    return t->job.pool;
}

struct fw_quota *fw_job_thread_pace(struct fw_job_thread *t)
{
    return fw_quota_paces(&t->job.quota) ? &t->job.quota : NULL;
}

struct fw_job *fw_job_thread_job(struct fw_job_thread *t)
{
    return &t->job;
}
