#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/show.h"
#include "client/cli/train.h"
#include "sdk/base/clock.h"
#include "sdk/client/admin.h"

#define POLL_MS         100   /* between two looks at the job */
#define SHOW_MS         1000  /* between two lines */
#define CONNECT_MS      10000 /* the server is there already */
#define LAST_JUDGE_MS   60000 /* for the evaluation of the last version */
#define WORKERS_STOP_MS 5000  /* for their last gradient */

struct watch {
    struct fw_train *t;
    struct fw_train_result *r;
    struct fw_admin *admin;
    int64_t shown_ms;
    bool told[FW_TRAIN_WORKERS_MAX]; /* that a worker failed */
};

static double seconds_since(int64_t ms)
{
    return (double)(fw_clock_mono_ms() - ms) / 1000.0;
}

/* Keep what a number of workers has led to. */
static void remember(struct fw_train_result *r)
{
    const struct fw_job_status *j = &r->last;

    if (j->workers == 0 || j->workers > FW_TRAIN_WORKERS_MAX)
        return;
    r->momentum[j->workers] = j->momentum.momentum;
    if (j->workers < r->workers_full)
        return;
    r->workers_full = j->workers;
    r->momentum_full = j->momentum.momentum;
    r->learning_rate_full = j->momentum.learning_rate;
    r->staleness_full = j->staleness.mean;
}

static fw_status look(struct watch *w, struct fw_err *err)
{
    struct fw_status_response all = {0};
    fw_status s = fw_admin_status(w->admin, w->t->o->job, &all, err);

    if (s == FW_OK && all.n_jobs == 0)
        s = fw_err_set(err, FW_NOT_FOUND, "the job is gone");
    if (s == FW_OK) {
        fw_job_status_close(&w->r->last);
        w->r->last = all.jobs[0]; /* take */
        all.jobs[0] = (struct fw_job_status){0};
        remember(w->r);
    }
    fw_status_response_close(&all);
    return s;
}

static void show(struct watch *w)
{
    int64_t now = fw_clock_mono_ms();

    if (now - w->shown_ms < SHOW_MS)
        return;
    w->shown_ms = now;
    fw_show_progress(stderr, &w->r->last, seconds_since(w->t->begun_ms));
}

/* How many workers still run; those that failed are told about once. */
static size_t count_running(struct watch *w)
{
    size_t running = 0;

    for (size_t i = 0; i < w->t->n_workers; i++) {
        struct fw_child *c = &w->t->worker[i];

        if (!fw_child_ended(c)) {
            running++;
        } else if (!w->told[i] && !fw_child_was_well(c)) {
            w->told[i] = true;
            w->r->workers_failed++;
            fprintf(stderr, "flywheel train: %s failed\n", c->name);
            fw_child_show_log(c);
        }
    }
    return running;
}

static fw_status check_helpers(struct fw_train *t, struct fw_err *err)
{
    if (fw_child_ended(&t->server)) {
        fw_child_show_log(&t->server);
        return fw_err_set(err, FW_IO, "the server has ended");
    }
    if (fw_child_ended(&t->evaluator)) {
        fw_child_show_log(&t->evaluator);
        return fw_err_set(err, FW_IO, "the evaluator has ended");
    }
    return FW_OK;
}

static fw_status watch_training(struct watch *w, struct fw_err *err)
{
    fw_status s = FW_OK;

    fw_show_progress_head(stderr);
    while (s == FW_OK && !w->r->reached && count_running(w)) {
        if (fw_stop_wait(w->t->stop, POLL_MS))
            return FW_CLOSED;
        s = check_helpers(w->t, err);
        if (s == FW_OK)
            s = look(w, err);
        if (s == FW_OK)
            show(w);
        w->r->reached = w->r->last.loss.training <= w->t->o->target_loss;
    }
    w->r->seconds = seconds_since(w->t->begun_ms);
    if (w->r->reached)
        fw_children_stop(w->t->worker, w->t->n_workers, WORKERS_STOP_MS);
    if (s == FW_OK && w->r->workers_failed == w->t->n_workers)
        s = fw_err_set(err, FW_IO, "every worker failed");
    return s;
}

/* Have the last version evaluated and wait for the result. */
static fw_status watch_last_evaluation(struct watch *w, struct fw_err *err)
{
    int64_t until = fw_clock_mono_ms() + LAST_JUDGE_MS;
    fw_status s = look(w, err);

    while (s == FW_OK &&
           w->r->last.loss.validation_version < w->r->last.version) {
        if (fw_clock_mono_ms() > until)
            return fw_err_set(err, FW_TIMEOUT,
                              "the last evaluation took too long");
        fw_child_signal(&w->t->evaluator, SIGUSR1);
        if (fw_stop_wait(w->t->stop, POLL_MS))
            return FW_CLOSED;
        s = check_helpers(w->t, err);
        if (s == FW_OK)
            s = look(w, err);
    }
    return s;
}

fw_status fw_train_watch(struct fw_train *t, struct fw_train_result *r,
                         struct fw_err *err)
{
    struct fw_admin admin = {0};
    struct watch w = {.t = t, .r = r, .admin = &admin};
    fw_status s;

    *r = (struct fw_train_result){
        .momentum_full = NAN, .learning_rate_full = NAN, .staleness_full = NAN};
    for (size_t i = 0; i <= FW_TRAIN_WORKERS_MAX; i++)
        r->momentum[i] = NAN;
    s = fw_admin_open(&admin, t->address, CONNECT_MS, err);
    if (s == FW_OK)
        s = watch_training(&w, err);
    if (s == FW_OK)
        s = watch_last_evaluation(&w, err);
    if (s == FW_OK)
        fw_show_progress(stderr, &r->last, seconds_since(t->begun_ms));
    r->reached = r->reached || r->last.loss.training <= t->o->target_loss;
    fw_admin_close(&admin);
    return s;
}
