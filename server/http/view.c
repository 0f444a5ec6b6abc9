#include "server/http/view.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sdk/base/clock.h"
#include "sdk/base/mem.h"
#include "server/show/json.h"

static struct fw_view_job *of_link(struct fw_list *l)
{
    return FW_LIST_ITEM(l, struct fw_view_job, link);
}

void fw_view_init(struct fw_view *v)
{
    *v = (struct fw_view){0};
    fw_list_init(&v->jobs);
}

static void forget(struct fw_view_job *j)
{
    fw_list_remove(&j->link);
    fw_event_ring_close(&j->events);
    fw_body_unref(j->json);
    fw_snapshot_unref(j->snapshot);
    fw_job_thread_unref(j->thread);
    free(j);
}

void fw_view_close(struct fw_view *v)
{
    while (!fw_list_empty(&v->jobs))
        forget(of_link(v->jobs.next));
    fw_body_unref(v->list);
    v->list = NULL;
}

/* When the file of a recovered job was written; now if that is not known. */
static int64_t written_ms(const char *path, int64_t unix_ms)
{
    struct stat about;

    if (stat(path, &about))
        return unix_ms;
    return (int64_t)about.st_mtim.tv_sec * 1000 +
           about.st_mtim.tv_nsec / 1000000;
}

/* A newer snapshot takes the place of the old one; false if it is not newer. */
static bool take_snapshot(struct fw_view_job *j, struct fw_snapshot *newer)
{
    struct fw_snapshot *old = j->snapshot;
    int64_t unix_ms = fw_clock_unix_ms();

    if (old && old->number == newer->number) {
        fw_snapshot_unref(newer);
        return false;
    }
    if (!old && newer->status.checkpoint[0])
        j->saved_unix_ms = written_ms(newer->status.checkpoint, unix_ms);
    else if (old && newer->status.checkpoint[0] &&
             (newer->status.durable_version != old->status.durable_version ||
              !old->status.checkpoint[0]))
        j->saved_unix_ms = unix_ms;
    if (old)
        fw_events_compare(&j->events, &old->status, &newer->status, unix_ms);
    else
        fw_events_begin(&j->events, &newer->status, unix_ms);
    j->snapshot = newer;
    fw_snapshot_unref(old);
    return true;
}

static struct fw_view_job *by_thread(struct fw_view *v,
                                     const struct fw_job_thread *t)
{
    struct fw_list *l;

    FW_LIST_EACH(l, &v->jobs) {
        if (of_link(l)->thread == t)
            return of_link(l);
    }
    return NULL;
}

static void look_at(struct fw_view *v, struct fw_job_thread *t)
{
    struct fw_view_job *j = by_thread(v, t);

    if (!j) {
        j = fw_mem_array(1, sizeof(*j));
        if (!j)
            return;
        j->thread = fw_job_thread_ref(t);
        fw_list_push_back(&v->jobs, &j->link);
    }
    j->seen = true;
    if (take_snapshot(j, fw_job_thread_snapshot(t)))
        v->changes++;
}

/* Jobs that are no more are forgotten, the others marked for the next look. */
static void sweep(struct fw_view *v)
{
    struct fw_list *l = v->jobs.next;

    while (l != &v->jobs) {
        struct fw_view_job *j = of_link(l);

        l = l->next;
        if (j->seen) {
            j->seen = false;
        } else {
            forget(j);
            v->changes++;
        }
    }
}

void fw_view_look(struct fw_view *v, struct fw_jobs *jobs, int64_t now_ms)
{
    struct fw_job_thread **all = NULL;
    size_t n = 0;

    if (v->looked_ms && now_ms - v->looked_ms < FW_VIEW_MS)
        return;
    if (fw_jobs_all(jobs, &all, &n) != FW_OK)
        return;
    v->looked_ms = now_ms;
    for (size_t i = 0; i < n; i++)
        look_at(v, all[i]);
    sweep(v);
    fw_jobs_all_close(all, n);
}

static struct fw_view_job *by_name(struct fw_view *v, const char *name)
{
    struct fw_list *l;

    FW_LIST_EACH(l, &v->jobs) {
        if (strcmp(of_link(l)->snapshot->status.name, name) == 0)
            return of_link(l);
    }
    return NULL;
}

struct fw_view_job *fw_view_find(struct fw_view *v, struct fw_jobs *jobs,
                                 const char *name)
{
    struct fw_view_job *j = by_name(v, name);
    struct fw_job_thread *t = NULL;

    if (j || fw_jobs_find(jobs, name, &t, NULL) != FW_OK)
        return j;
    look_at(v, t);
    fw_job_thread_unref(t);
    return by_name(v, name);
}

struct fw_body *fw_view_json(struct fw_view_job *j)
{
    json_t *document;

    if (j->json && j->rendered == j->snapshot->number)
        return j->json;
    document = fw_json_job(&j->snapshot->status);
    fw_body_unref(j->json);
    j->json = fw_body_take_string(json_dumps(document, JSON_COMPACT));
    j->rendered = j->snapshot->number;
    json_decref(document);
    return j->json;
}
