/* What a job tells about itself: struct fw_job as messages. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "server/job/job.h"
#include "server/job/spread.h"

#define DECISIONS_DEFAULT 100u

_Static_assert(FW_STALENESS_BARS == FW_HISTOGRAM_MAX, "copied as a whole");

/* What is not known travels as 0. */
static double known(double x)
{
    return isfinite(x) ? x : 0.0;
}

static void tell_momentum(const struct fw_job *job,
                          struct fw_momentum_status *m)
{
    const struct fw_controller *c = &job->controller;
    const struct fw_decision *last = fw_decision_log_last(&c->log);
    struct fw_controller_view v;

    fw_controller_view(c, &v);
    *m = (struct fw_momentum_status){
        .law = v.law,
        .reference = v.reference,
        .momentum = v.momentum,
        .target = v.target,
        .learning_rate = v.rate,
        .effective_step = v.effective_step,
        .step_bound = known(v.step_bound),
        .curvature = known(v.curvature),
        .implicit_predicted = v.implicit_predicted,
        .implicit_trace = known(v.implicit_trace),
        .total_measured = v.total_measured,
        .twin_ms = v.twin_ms,
        .reference_step =
            c->config.reference_rate / (1.0 - c->config.reference_momentum),
        .probes_asked = c->prober.asked,
        .probes_used = c->curvature.probes,
        .probes_refused = c->curvature.refused,
        .loss_alarms = c->brake.alarms,
    };
    snprintf(m->binding, sizeof(m->binding), "%s", v.binding);
    snprintf(m->sentence, sizeof(m->sentence), "%s", last->sentence);
}

/* Blocks in use, and the momentum. */
static void tell_quota(const struct fw_job *job, struct fw_quota_status *out)
{
    fw_quota_tell((struct fw_quota *)&job->quota, out); /* it has a lock */
    out->memory_bytes =
        fw_pool_bytes_in_use(job->pool) + job->n_elements * sizeof(float);
}

static void tell_staleness(const struct fw_staleness *trace,
                           struct fw_staleness_status *s)
{
    struct fw_staleness_summary sum;

    fw_staleness_summarise(trace, &sum);
    *s = (struct fw_staleness_status){
        .samples = trace->n,
        .mean = sum.mean,
        .deviation_ratio = sum.deviation_ratio,
        .p50 = sum.p50,
        .p95 = sum.p95,
        .p99 = sum.p99,
    };
    memcpy(s->ever, trace->ever, sizeof(s->ever));
    s->ever_sum = trace->ever_sum;
    s->n_histogram =
        (uint32_t)fw_staleness_histogram(trace, s->histogram, FW_HISTOGRAM_MAX);
}

static void tell_worker(const struct fw_session *w, int64_t now_ms,
                        const struct fw_spread *spread,
                        struct fw_worker_status *out)
{
    *out = (struct fw_worker_status){
        .epoch = w->epoch,
        .state = w->state,
        .silent_ms = (uint64_t)(now_ms - w->heard_ms),
        .gradients = w->gradients,
        .refused = w->refused,
        .samples = w->samples,
        .base_version = w->base_version,
        .wire_dtype = w->dtype,
    };
    out->gradients_per_second = fw_session_rate(w, now_ms);
    if (w->gradients)
        out->staleness_mean = w->staleness_sum / (double)w->gradients;
    snprintf(out->name, sizeof(out->name), "%s", w->name);
    out->strikes = w->strikes;
    out->quarantined = w->quarantined;
    out->staleness_p95 = fw_spread_percentile(spread, (uint32_t)w->epoch, 95);
}

/* 1, 2 ...; 0 if it steps alone. */
static uint32_t group_number(const struct fw_job *job,
                             const struct fw_session *w)
{
    const struct fw_groups *g = &job->groups;
    bool shares = w->state == FW_WORKER_CONNECTED && !g->buffer &&
                  w->group < g->n && g->items[w->group].members > 1;

    return shares ? w->group + 1 : 0;
}

static fw_status tell_workers(const struct fw_job *job, int64_t now_ms,
                              struct fw_job_status *out)
{
    uint32_t n = job->sessions.connected + job->sessions.departed;
    struct fw_spread spread;
    const struct fw_list *l;

    fw_spread_init(&spread, &job->controller.staleness);
    out->worker = fw_mem_array(n, sizeof(*out->worker));
    if (!out->worker)
        return FW_NOMEM;
    FW_LIST_EACH(l, &job->sessions.all) {
        const struct fw_session *w =
            FW_LIST_ITEM(l, const struct fw_session, link);

        tell_worker(w, now_ms, &spread, &out->worker[out->n_workers]);
        out->worker[out->n_workers++].group = group_number(job, w);
        out->quarantined += w->quarantined;
    }
    return FW_OK;
}

fw_status fw_job_status(const struct fw_job *job, int64_t now_ms,
                        struct fw_job_status *out)
{
    const struct fw_report *r = &job->report;

    *out = (struct fw_job_status){
        .state = job->current ? FW_JOB_TRAINING : FW_JOB_WAITING,
        .version = job->current ? job->current->number : 0,
        .durable_version = job->durable_version,
        .incarnation = job->incarnation,
        .workers = job->sessions.connected,
        .n_elements = job->n_elements,
        .samples = r->samples,
        .samples_per_second = r->samples_per_second,
        .gradients_per_second = r->gradients_per_second,
        .gradients_applied = r->applied,
        .gradients_refused = r->refused,
        .groups = fw_groups_on(&job->groups) ? fw_groups_asynchrony(job) : 0,
        .workers_lost = job->sessions.lost,
        .gradient_norm = job->optimizer.gradient_norm,
        .update_norm = job->optimizer.update_norm,
        .age_ms = (uint64_t)(now_ms - job->born_ms),
        .worker_seconds = r->worker_seconds,
        .loss = {r->training, r->training_version, r->validation, r->accuracy,
                 r->validation_version},
    };
    snprintf(out->name, sizeof(out->name), "%s", job->spec.name);
    snprintf(out->checkpoint, sizeof(out->checkpoint), "%s", job->checkpoint);
    out->checkpoint_failures = job->save_failures;
    snprintf(out->checkpoint_error, sizeof(out->checkpoint_error), "%s",
             job->save_error);
    out->checkpoints_bad = job->bad_checkpoints;
    out->gradients_clipped = job->gate.clipped;
    tell_quota(job, &out->quota);
    tell_momentum(job, &out->momentum);
    tell_staleness(&job->controller.staleness, &out->staleness);
    return tell_workers(job, now_ms, out);
}

fw_status fw_job_trace(const struct fw_job *job, struct fw_trace_response *out)
{
    const struct fw_staleness *trace = &job->controller.staleness;
    uint32_t first = trace->next + FW_STALENESS_WINDOW - trace->n;

    *out = (struct fw_trace_response){
        .workers = job->sessions.connected,
        .version = job->current ? job->current->number : 0,
    };
    out->taus = fw_mem_array(trace->n, sizeof(*out->taus));
    if (!out->taus)
        return FW_NOMEM;
    for (out->n = 0; out->n < trace->n; out->n++)
        out->taus[out->n] =
            trace->ring[(first + out->n) % FW_STALENESS_WINDOW].tau;
    return FW_OK;
}

static void tell_decision(const struct fw_decision *d, int64_t unix_offset_ms,
                          struct fw_decision_message *m)
{
    *m = (struct fw_decision_message){
        .index = d->index,
        .unix_ms = d->at_ms + unix_offset_ms,
        .version = d->version,
        .workers = d->workers,
        .staleness_mean = d->staleness_mean,
        .staleness_deviation_ratio = d->staleness_deviation_ratio,
        .curvature = d->curvature,
        .law = d->law,
        .momentum_before = d->momentum_before,
        .momentum_after = d->momentum_after,
        .learning_rate_before = d->rate_before,
        .learning_rate_after = d->rate_after,
        .step_bound = d->step_bound,
    };
    snprintf(m->binding, sizeof(m->binding), "%s", d->binding);
    snprintf(m->cause, sizeof(m->cause), "%s", d->cause);
    snprintf(m->who, sizeof(m->who), "%s", d->who);
    snprintf(m->why, sizeof(m->why), "%s", d->why);
    snprintf(m->sentence, sizeof(m->sentence), "%s", d->sentence);
}

fw_status fw_job_decisions(const struct fw_job *job, uint64_t after,
                           uint32_t limit, int64_t unix_offset_ms,
                           struct fw_decision_list *out)
{
    const struct fw_decision_log *log = &job->controller.log;
    const struct fw_decision *d;

    *out = (struct fw_decision_list){0};
    if (limit == 0)
        limit = DECISIONS_DEFAULT;
    if (limit > FW_DECISIONS_KEPT)
        limit = FW_DECISIONS_KEPT;
    out->items = fw_mem_array(limit, sizeof(*out->items));
    if (!out->items)
        return FW_NOMEM;
    while (out->n < limit && (d = fw_decision_log_after(log, after))) {
        tell_decision(d, unix_offset_ms, &out->items[out->n++]);
        after = d->index;
    }
    return FW_OK;
}
