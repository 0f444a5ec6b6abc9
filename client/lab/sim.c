#include "client/lab/sim.h"

#include <math.h>
#include <stdlib.h>

#include "client/lab/world.h"
#include "sdk/base/mem.h"

#define GONE        10.0 /* times the first loss: it has diverged */
#define REFUSED_MAX 64u  /* gradients in a row that are not finite */
#define PAST_MAX    65536u

static fw_status check(const struct fw_sim_plan *p, struct fw_err *err)
{
    if (p->workers < 1 || p->workers > FW_SIM_WORKERS_MAX)
        return fw_err_set(err, FW_INVALID, "workers are 1 to %u, not %u",
                          FW_SIM_WORKERS_MAX, p->workers);
    if (!(p->max_time > 0.0) || !(p->unit_ms > 0.0) || !p->check_every)
        return fw_err_set(err, FW_INVALID,
                          "time limit, unit and check interval are above 0");
    if (p->straggler != 0.0 && !(p->straggler >= 1.0))
        return fw_err_set(err, FW_INVALID,
                          "a straggler is at least 1 times slower, not %g",
                          p->straggler);
    return FW_OK;
}

static uint32_t longest(const struct fw_service *s)
{
    uint32_t most = 0;

    for (size_t i = 0; i < s->n_taus; i++)
        most = s->taus[i] > most ? s->taus[i] : most;
    return most;
}

static fw_status allocate(struct fw_world *w)
{
    const struct fw_sim_plan *p = w->plan;
    uint64_t n = p->problem->n_elements;

    w->w = fw_mem_array(n, sizeof(float));
    w->read = fw_mem_array(n, sizeof(float));
    w->g = fw_mem_array(n, sizeof(float));
    if (!w->w || !w->read || !w->g)
        return FW_NOMEM;
    if (p->service->kind == FW_SERVICE_TRACE) {
        w->n_past = longest(p->service) + 1;
        if (w->n_past > PAST_MAX)
            return fw_err_set(w->err, FW_INVALID,
                              "the trace holds a staleness of %zu; the lab "
                              "replays up to %u",
                              w->n_past - 1, PAST_MAX - 1);
        w->past = fw_mem_array(w->n_past, sizeof(*w->past));
        if (!w->past)
            return FW_NOMEM;
    }
    w->rival = (struct fw_rival){.kind = p->arm->rival,
                                 .n = n,
                                 .workers = p->workers,
                                 .momentum = p->reference_momentum,
                                 .rate = p->reference_rate};
    return fw_rival_init(&w->rival);
}

static void release(struct fw_world *w)
{
    fw_world_dismiss(w);
    for (size_t i = 0; w->past && i < w->n_past; i++)
        fw_version_unref(w->past[i]);
    free(w->past);
    fw_world_job_close(w);
    fw_agenda_close(&w->agenda);
    fw_rival_close(&w->rival);
    free(w->w);
    free(w->read);
    free(w->g);
}

static fw_status note(struct fw_world *w, double loss)
{
    struct fw_controller_view v;
    struct fw_record_point p;

    fw_controller_view(&w->job.controller, &v);
    p = (struct fw_record_point){
        .time = w->now,
        .updates = w->job.current->number,
        .loss = loss,
        .momentum = v.momentum,
        .rate = v.rate,
        .step = v.effective_step,
        .bound = v.step_bound,
        .curvature = v.curvature,
        .staleness = fw_staleness_mean(&w->job.controller.staleness),
        .workers = w->connected,
        .groups =
            fw_groups_on(&w->job.groups) ? fw_groups_asynchrony(&w->job) : 0,
    };
    return fw_record_add(w->record, &p);
}

/* How good are the parameters? */
static fw_status judge(struct fw_world *w)
{
    struct fw_record *r = w->record;
    const float *x = fw_world_flat(w->job.current, w->w);
    fw_status s = fw_problem_judge(w->plan->problem, x, &r->loss, w->err);

    if (s != FW_OK)
        return s;
    if (r->n_points == 0)
        r->loss_at_first = r->loss;
    w->checked = w->job.current->number;
    r->diverged = !isfinite(r->loss) || r->loss > GONE * r->loss_at_first;
    if (r->loss <= w->plan->target_loss) {
        r->reached = true;
        r->time_to_target = w->now;
        r->updates_to_target = (double)w->checked;
    }
    return note(w, r->loss);
}

static bool over(const struct fw_world *w)
{
    const struct fw_sim_plan *p = w->plan;

    return w->record->reached || w->record->diverged ||
           (p->max_updates && w->job.current->number >= p->max_updates) ||
           fw_agenda_next(&w->agenda) > p->max_time;
}

/* Straggler deadlines of groups that end before `time`. */
static void keep_deadlines(struct fw_world *w, double time)
{
    int64_t until = (int64_t)(time * w->plan->unit_ms);
    int64_t next = fw_job_next_ms(&w->job);

    while (next <= until) {
        w->now = fmax(w->now, (double)next / w->plan->unit_ms);
        fw_job_tick(&w->job, next);
        next = fw_job_next_ms(&w->job);
    }
}

static fw_status live(struct fw_world *w)
{
    struct fw_event_at e;
    fw_status s = judge(w);

    while (s == FW_OK && !over(w) && fw_agenda_take(&w->agenda, &e)) {
        keep_deadlines(w, e.time);
        w->now = e.time;
        fw_world_tick(w);
        s = e.what == FW_WORLD_PUSH
                ? fw_world_finish(w, e.who)
                : fw_world_change(w, &w->plan->changes[e.who]);
        if (s == FW_OK &&
            w->job.current->number >= w->checked + w->plan->check_every)
            s = judge(w);
        w->record->diverged = w->record->diverged || w->refusals > REFUSED_MAX;
        if (s == FW_OK)
            s = w->status;
    }
    return s;
}

static fw_status conclude(struct fw_world *w)
{
    struct fw_record *r = w->record;
    const struct fw_staleness *trace = &w->job.controller.staleness;
    fw_status s = FW_OK;

    if (w->checked != w->job.current->number)
        s = judge(w);
    r->time = w->now;
    r->updates = w->job.current->number;
    r->refused = w->job.report.refused;
    r->worker_seconds = w->job.report.worker_seconds;
    fw_staleness_summarise(trace, &r->staleness);
    r->n_bars = fw_staleness_histogram(trace, r->bars, FW_RECORD_BARS);
    if (s == FW_OK && w->plan->validate)
        s = fw_problem_validate(w->plan->problem,
                                fw_world_flat(w->job.current, w->w),
                                &r->validation, &r->accuracy, w->err);
    return s;
}

static fw_status schedule_changes(struct fw_world *w)
{
    fw_status s = FW_OK;

    for (size_t i = 0; i < w->plan->n_changes && s == FW_OK; i++)
        s = fw_agenda_put(&w->agenda, w->plan->changes[i].at, (uint32_t)i,
                          FW_WORLD_CHANGE);
    return s;
}

fw_status fw_sim_run(const struct fw_sim_plan *plan, struct fw_record *out,
                     struct fw_err *err)
{
    struct fw_world w = {
        .plan = plan,
        .record = out,
        .err = err,
        .dtype = plan->wire ? plan->wire : FW_DTYPE_F32,
    };
    fw_status s;

    *out = (struct fw_record){
        .time_to_target = NAN,
        .updates_to_target = NAN,
        .validation = NAN,
        .accuracy = NAN,
    };
    s = check(plan, err);
    if (s != FW_OK)
        return s;
    s = allocate(&w);
    if (s == FW_OK)
        s = fw_world_job_open(&w);
    if (s == FW_OK)
        s = schedule_changes(&w);
    if (s == FW_OK)
        s = fw_world_staff(&w, plan->workers);
    if (s == FW_OK)
        s = live(&w);
    if (s == FW_OK)
        s = conclude(&w);
    release(&w);
    if (s == FW_NOMEM)
        s = fw_err_set(err, s, "no memory for the run");
    if (s != FW_OK)
        fw_record_close(out);
    return s;
}
