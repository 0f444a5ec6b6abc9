#include "server/app/feed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/clock.h"
#include "sdk/base/log.h"
#include "sdk/base/mem.h"
#include "server/http/events.h"

#define LOOKS_PER_SESSION 60   /* between two rows of a session that goes on */
#define DECISIONS_AT_ONCE 256u /* asked of a job */

/* A job as it was last told of. */
struct fed {
    struct fw_list link;          /* in fw_feed.fed */
    struct fw_feed *feed;         /* whose it is */
    struct fw_job_thread *thread; /* ref */
    struct fw_snapshot *last;     /* ref; NULL: none yet */
    int64_t told_ms;              /* when its last point was pushed; 0: never */
    uint64_t told_version;        /* in that point */
    uint32_t told_workers;        /* in that point */
    struct fw_history_row row;    /* job, life and resumed are filled in */
    struct fw_event_ring events;  /* what was told of it */
    bool seen;                    /* by the look under way */

    struct fw_letter letter; /* asks for decisions */
    bool is_asking;          /* atomic; the letter is lent to the job */
    uint64_t decided;        /* the last decision told; job's while it asks */
};

static struct fed *of_link(struct fw_list *l)
{
    return FW_LIST_ITEM(l, struct fed, link);
}

static struct fed *of_letter(struct fw_letter *l)
{
    return (struct fed *)((char *)l - offsetof(struct fed, letter));
}

static void forget(struct fed *j)
{
    fw_list_remove(&j->link);
    fw_event_ring_close(&j->events);
    fw_snapshot_unref(j->last);
    fw_job_thread_unref(j->thread);
    free(j);
}

/* --- decisions --- */

static void answered(struct fed *j)
{
    __atomic_store_n(&j->is_asking, false, __ATOMIC_RELEASE);
}

static void on_dropped(struct fw_letter *l)
{
    answered(of_letter(l));
}

/* Job thread: new decisions become rows. */
static void on_asked(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct fed *j = of_letter(l);
    struct fw_history_row row = {.kind = FW_ROW_DECISION,
                                 .life_ms = j->row.life_ms,
                                 .resumed = j->row.resumed};
    struct fw_decision_list list = {0};

    memcpy(row.job, j->row.job, sizeof(row.job));
    if (j->decided < job->controller.log.inherited)
        j->decided = job->controller.log.inherited; /* it is theirs already */
    row.of.decision.incarnation = job->incarnation;
    if (fw_job_decisions(job, j->decided, DECISIONS_AT_ONCE,
                         fw_clock_unix_ms() - now_ms, &list) == FW_OK) {
        for (uint32_t i = 0; i < list.n; i++) {
            row.of.decision.decision = list.items[i];
            row.unix_ms = list.items[i].unix_ms;
            j->decided = list.items[i].index;
            (void)fw_history_push(j->feed->history, &row);
        }
    }
    fw_decision_list_close(&list);
    answered(j);
}

/* A decision says something new: have it. */
static void ask_decisions(struct fed *j, const struct fw_job_status *now)
{
    if (__atomic_load_n(&j->is_asking, __ATOMIC_ACQUIRE))
        return;
    if (j->last && j->decided &&
        strcmp(j->last->status.momentum.sentence, now->momentum.sentence) == 0)
        return;
    j->letter = (struct fw_letter){.run = on_asked, .drop = on_dropped};
    j->is_asking = true;
    if (fw_job_thread_post(j->thread, &j->letter) != FW_OK)
        j->is_asking = false; /* it is asked with the next look */
}

/* --- rows --- */

static void push(struct fed *j, enum fw_history_kind kind, int64_t unix_ms)
{
    j->row.kind = kind;
    j->row.unix_ms = unix_ms;
    (void)fw_history_push(j->feed->history, &j->row);
}

/* What status says with 0 when it is not known. */
static double known(double x)
{
    return x > 0.0 ? x : NAN;
}

static void fill_series(const struct fw_job_status *s, double *x)
{
    const struct fw_momentum_status *m = &s->momentum;

    x[FW_SERIES_loss] = s->loss.training;
    x[FW_SERIES_validation_loss] = s->loss.validation;
    x[FW_SERIES_momentum] = m->momentum;
    x[FW_SERIES_implicit_predicted] = m->implicit_predicted;
    x[FW_SERIES_implicit_measured] =
        s->staleness.samples ? m->implicit_trace : NAN;
    x[FW_SERIES_total] = m->total_measured;
    x[FW_SERIES_target] = m->target;
    x[FW_SERIES_effective_step] = m->effective_step;
    x[FW_SERIES_step_bound] = known(m->step_bound);
    x[FW_SERIES_workers] = s->workers;
    x[FW_SERIES_staleness_mean] =
        s->staleness.samples ? s->staleness.mean : NAN;
}

/* A job that rests is told of once. */
static void push_point(struct fed *j, const struct fw_job_status *s,
                       int64_t unix_ms)
{
    struct fw_history_point *p = &j->row.of.point;
    bool is_new = j->told_ms == 0 || s->workers || j->told_workers ||
                  s->version != j->told_version;
    double seconds = (double)(unix_ms - j->told_ms) / 1000.0;

    if (!is_new || s->state == FW_JOB_WAITING)
        return;
    *p = (struct fw_history_point){.version = s->version,
                                   .updates = s->gradients_applied,
                                   .worker_seconds = s->worker_seconds,
                                   .law = s->momentum.law};
    fill_series(s, p->series);
    p->series[FW_SERIES_updates_per_second] =
        j->told_ms && seconds > 0.0 && s->version >= j->told_version
            ? (double)(s->version - j->told_version) / seconds
            : NAN;
    push(j, FW_ROW_POINT, unix_ms);
    j->told_ms = unix_ms;
    j->told_version = s->version;
    j->told_workers = s->workers;
}

static void push_session(struct fed *j, const struct fw_worker_status *w,
                         int64_t unix_ms)
{
    struct fw_history_session *out = &j->row.of.session;

    *out = (struct fw_history_session){
        .epoch = w->epoch,
        .state = w->state,
        .gradients = w->gradients,
        .refused = w->refused,
        .samples = w->samples,
        .staleness_mean = w->gradients ? w->staleness_mean : NAN,
    };
    memcpy(out->worker, w->name, sizeof(out->worker));
    push(j, FW_ROW_SESSION, unix_ms);
}

/* Sessions that began, ended, or have gone on for a while.  Both lists are in
 * order of epochs. */
static void push_sessions(struct fed *j, const struct fw_job_status *now,
                          int64_t unix_ms)
{
    const struct fw_job_status *before = j->last ? &j->last->status : NULL;
    uint32_t k = 0;

    for (uint32_t i = 0; i < now->n_workers; i++) {
        const struct fw_worker_status *w = &now->worker[i];
        bool is_old;
        bool is_due = w->state == FW_WORKER_CONNECTED &&
                      (j->feed->looks + w->epoch) % LOOKS_PER_SESSION == 0;

        while (before && k < before->n_workers &&
               before->worker[k].epoch < w->epoch)
            k++;
        is_old = before && k < before->n_workers &&
                 before->worker[k].epoch == w->epoch;
        if (is_due || !is_old || before->worker[k].state != w->state)
            push_session(j, w, unix_ms);
    }
}

static void push_events(struct fed *j, const struct fw_job_status *now,
                        int64_t unix_ms)
{
    uint64_t told = j->events.n;

    if (j->last)
        fw_events_compare(&j->events, &j->last->status, now, unix_ms);
    else
        fw_events_begin(&j->events, now, unix_ms);
    if (j->events.n - told > FW_EVENTS_KEPT)
        told = j->events.n - FW_EVENTS_KEPT;
    for (; told < j->events.n; told++) {
        const struct fw_event *e = &j->events.ring[told % FW_EVENTS_KEPT];
        struct fw_history_event *out = &j->row.of.event;

        *out = (struct fw_history_event){.event = ""};
        snprintf(out->event, sizeof(out->event), "%s", e->name);
        snprintf(out->text, sizeof(out->text), "%s", e->text ? e->text : "");
        push(j, FW_ROW_EVENT, e->unix_ms);
    }
}

/* --- looks --- */

static struct fed *begin(struct fw_feed *f, struct fw_job_thread *t,
                         const struct fw_job_status *s, int64_t unix_ms)
{
    struct fed *j = fw_mem_array(1, sizeof(*j));

    if (!j)
        return NULL; /* it is tried again with the next look */
    j->feed = f;
    j->thread = fw_job_thread_ref(t);
    j->row.resumed = f->looks == 0;
    j->row.life_ms = unix_ms - (int64_t)s->age_ms;
    memcpy(j->row.job, s->name, sizeof(j->row.job));
    fw_list_push_back(&f->fed, &j->link);
    return j;
}

static struct fed *find(struct fw_feed *f, const struct fw_job_thread *t)
{
    struct fw_list *l;

    FW_LIST_EACH(l, &f->fed) {
        if (of_link(l)->thread == t)
            return of_link(l);
    }
    return NULL;
}

static void look_at(struct fw_feed *f, struct fw_job_thread *t, int64_t unix_ms)
{
    struct fw_snapshot *now = fw_job_thread_snapshot(t);
    struct fed *j = find(f, t);

    if (!j)
        j = begin(f, t, &now->status, unix_ms);
    if (!j) {
        fw_snapshot_unref(now);
        return;
    }
    j->seen = true;
    push_point(j, &now->status, unix_ms);
    push_sessions(j, &now->status, unix_ms);
    push_events(j, &now->status, unix_ms);
    ask_decisions(j, &now->status);
    fw_snapshot_unref(j->last);
    j->last = now;
}

/* Jobs that are not in the table any more have been deleted. */
static void sweep(struct fw_feed *f, int64_t unix_ms)
{
    struct fw_list *l = f->fed.next;

    while (l != &f->fed) {
        struct fed *j = of_link(l);

        l = l->next;
        if (!j->seen && !__atomic_load_n(&j->is_asking, __ATOMIC_ACQUIRE)) {
            push(j, FW_ROW_END, unix_ms);
            forget(j);
        }
    }
}

static void look(struct fw_feed *f)
{
    int64_t unix_ms = fw_clock_unix_ms();
    struct fw_job_thread **all = NULL;
    struct fw_list *l;
    size_t n = 0;

    if (fw_jobs_all(f->jobs, &all, &n) != FW_OK)
        return;
    FW_LIST_EACH(l, &f->fed)
        of_link(l)->seen = false;
    for (size_t i = 0; i < n; i++)
        look_at(f, all[i], unix_ms);
    sweep(f, unix_ms);
    fw_jobs_all_close(all, n);
    f->looks++;
}

void fw_feed_open(struct fw_feed *f, struct fw_jobs *jobs,
                  const struct fw_server_config *config)
{
    char path[FW_PATH_MAX + 16]; /* and the file's name */
    const struct fw_history_options o = {.path = path,
                                         .keep_days = config->history.keep_days,
                                         .max_mb = config->history.max_mb};
    struct fw_err err = {0};

    *f = (struct fw_feed){.jobs = jobs,
                          .interval_ms = config->history.interval_ms};
    fw_list_init(&f->fed);
    if (!config->history.enabled)
        return;
    snprintf(path, sizeof(path), "%s/history.db", config->data_dir);
    if (fw_history_open(&o, &f->history, &err) != FW_OK) {
        fw_log(FW_LOG_ERROR, "no_history", "error=\"%s\"", err.text);
        return;
    }
    jobs->history = f->history;
}

void fw_feed_tick(struct fw_feed *f, int64_t now_ms, bool now)
{
    if (!f->history || (!now && now_ms < f->next_ms))
        return;
    f->next_ms = now_ms + f->interval_ms;
    look(f);
}

void fw_feed_close(struct fw_feed *f)
{
    if (!f->history)
        return;
    while (!fw_list_empty(&f->fed))
        forget(of_link(f->fed.next));
    f->jobs->history = NULL;
    fw_history_close(f->history);
    f->history = NULL;
}
