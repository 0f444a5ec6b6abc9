#include "server/engine/jobs.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/wire/reason.h"

fw_status fw_jobs_init(struct fw_jobs *j, size_t limit, uint64_t incarnation)
{
    *j = (struct fw_jobs){.limit = limit, .incarnation = incarnation};
    if (pthread_mutex_init(&j->lock, NULL))
        return FW_NOMEM;
    pthread_mutex_init(&j->disk, NULL);
    return FW_OK;
}

void fw_jobs_close(struct fw_jobs *j)
{
    for (size_t i = 0; i < j->n; i++) {
        fw_job_thread_stop(j->items[i]);
        fw_job_thread_unref(j->items[i]);
    }
    free(j->items);
    j->items = NULL;
    j->n = 0;
    pthread_mutex_destroy(&j->disk);
    pthread_mutex_destroy(&j->lock);
}

/* Index of a name, or n; the lock is held. */
static size_t find(const struct fw_jobs *j, const char *name)
{
    size_t i = 0;

    while (i < j->n && strcmp(fw_job_thread_name(j->items[i]), name) != 0)
        i++;
    return i;
}

/* Put a started job in; the lock is held. */
static fw_status insert(struct fw_jobs *j, struct fw_job_thread *t,
                        struct fw_err *err)
{
    const char *name = fw_job_thread_name(t);

    if (find(j, name) < j->n)
        return FW_REFUSE(err, JOB_EXISTS, "job '%s' exists already", name);
    if (j->n >= j->limit)
        return FW_REFUSE(err, TOO_MANY_JOBS,
                         "there are %zu jobs, the most this server takes; "
                         "delete one first",
                         j->n);
    if (fw_mem_grow(&j->items, &j->capacity, j->n + 1, sizeof(*j->items)))
        return FW_REFUSE(err, OUT_OF_MEMORY, "no memory for another job");
    j->items[j->n++] = fw_job_thread_ref(t);
    return FW_OK;
}

fw_status fw_jobs_add(struct fw_jobs *j, struct fw_job_thread *t,
                      struct fw_err *err)
{
    fw_status s;

    pthread_mutex_lock(&j->lock);
    s = insert(j, t, err);
    pthread_mutex_unlock(&j->lock);
    return s;
}

fw_status fw_jobs_create(struct fw_jobs *j, const struct fw_job_spec *spec,
                         struct fw_job_thread **out, struct fw_err *err)
{
    struct fw_job_spec full = *spec; /* borrows the tensor list */
    struct fw_job_thread *t = NULL;
    fw_status s;

    fw_job_spec_default(&full);
    full.limits.caps = j->caps;
    s = fw_job_spec_check(&full, err);
    if (s == FW_OK)
        s = fw_quota_check(&full.limits, fw_tensor_list_elements(&full.tensors),
                           err);
    if (s == FW_OK)
        s = fw_job_thread_create(&full, j->incarnation, &t, err);
    if (s == FW_OK)
        fw_job_thread_set_thinker(t, j->thinker);
    if (s == FW_OK)
        s = fw_job_thread_run(t, err);
    if (s == FW_OK)
        s = fw_jobs_add(j, t, err);
    if (s == FW_OK && out) {
        *out = t;
        return FW_OK;
    }
    if (s != FW_OK && t)
        fw_job_thread_stop(t);
    fw_job_thread_unref(t);
    return s;
}

static fw_status look_up(struct fw_jobs *j, const char *name, bool take,
                         struct fw_job_thread **out, struct fw_err *err)
{
    size_t i;

    *out = NULL;
    pthread_mutex_lock(&j->lock);
    i = find(j, name);
    if (i < j->n) {
        *out = j->items[i];
        if (take)
            memmove(&j->items[i], &j->items[i + 1],
                    (--j->n - i) * sizeof(struct fw_job_thread *));
        else
            fw_job_thread_ref(*out);
    }
    pthread_mutex_unlock(&j->lock);
    return *out ? FW_OK
                : FW_REFUSE(err, JOB_NOT_FOUND, "there is no job '%s'", name);
}

fw_status fw_jobs_find(struct fw_jobs *j, const char *name,
                       struct fw_job_thread **out, struct fw_err *err)
{
    return look_up(j, name, false, out, err);
}

fw_status fw_jobs_take(struct fw_jobs *j, const char *name,
                       struct fw_job_thread **out, struct fw_err *err)
{
    return look_up(j, name, true, out, err);
}

fw_status fw_jobs_all(struct fw_jobs *j, struct fw_job_thread ***out, size_t *n)
{
    fw_status s = FW_OK;

    pthread_mutex_lock(&j->lock);
    *n = j->n;
    *out = fw_mem_array(j->n, sizeof(**out));
    if (!*out)
        s = FW_NOMEM;
    for (size_t i = 0; i < j->n && s == FW_OK; i++)
        (*out)[i] = fw_job_thread_ref(j->items[i]);
    pthread_mutex_unlock(&j->lock);
    return s;
}

void fw_jobs_all_close(struct fw_job_thread **all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fw_job_thread_unref(all[i]);
    free(all);
}

void fw_jobs_count(struct fw_jobs *j, size_t in, size_t out)
{
    if (in)
        __atomic_add_fetch(&j->bytes_in, in, __ATOMIC_RELAXED);
    if (out)
        __atomic_add_fetch(&j->bytes_out, out, __ATOMIC_RELAXED);
}

static void run_tick(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    free(l);
    fw_job_tick(job, now_ms);
}

static void run_hurry(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    free(l);
    fw_job_hurry(job, now_ms);
}

static void drop_letter(struct fw_letter *l)
{
    free(l);
}

/* A letter to every job; false if some got none. */
static bool tell_all(struct fw_jobs *j,
                     void (*run)(struct fw_letter *l, struct fw_job *job,
                                 int64_t now_ms),
                     bool quiet)
{
    struct fw_job_thread **all;
    bool told = true;
    size_t n;

    if (fw_jobs_all(j, &all, &n) != FW_OK)
        return false;
    for (size_t i = 0; i < n; i++) {
        struct fw_letter *l = fw_mem_array(1, sizeof(*l));

        if (l)
            *l = (struct fw_letter){
                .run = run, .quiet = quiet, .drop = drop_letter};
        if (l && fw_job_thread_post(all[i], l) == FW_OK)
            continue;
        free(l);
        told = false;
    }
    fw_jobs_all_close(all, n);
    return told;
}

void fw_jobs_tick(struct fw_jobs *j)
{
    (void)tell_all(j, run_tick, true); /* who was not told: at the next tick */
}

bool fw_jobs_hurry(struct fw_jobs *j)
{
    return tell_all(j, run_hurry, false);
}
