#include "server/job/saved.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/failpoint.h"
#include "sdk/base/mem.h"
#include "server/job/judge.h"

/* More than the sessions that can be opened between two checkpoints; for a
 * clock that was set back. */
#define EPOCHS_UNSAVED (1ull << 20)

_Static_assert(FW_SAVED_TAUS_MAX == FW_STALENESS_WINDOW, "the whole trace");
_Static_assert(FW_SAVED_PROBES == FW_CURVATURE_KEPT, "all probes");

/* --- out --- */

static void save_session(const struct fw_session *w,
                         struct fw_saved_session *to)
{
    *to = (struct fw_saved_session){
        .epoch = w->epoch,
        .dtype = w->dtype,
        .sequence = w->delivered ? w->last_ack.sequence : w->sequence,
        .last_ack = w->last_ack,
        .base_version = w->base_version,
        .gradients = w->gradients,
        .refused = w->refused,
        .samples = w->samples,
        .staleness_sum = w->staleness_sum,
        .strikes = w->strikes,
        .quarantined = w->quarantined,
    };
    memcpy(to->worker, w->name, sizeof(to->worker));
    memcpy(to->key, w->key, sizeof(to->key));
}

static fw_status save_sessions(const struct fw_job *job,
                               struct fw_saved_job *out)
{
    uint32_t n = job->sessions.connected;
    struct fw_list *l;

    out->sessions = fw_mem_array(n, sizeof(*out->sessions));
    if (!out->sessions)
        return FW_NOMEM;
    FW_LIST_EACH(l, &job->sessions.alive)
        save_session(FW_LIST_ITEM(l, struct fw_session, turn),
                     &out->sessions[out->n_sessions++]);
    return FW_OK;
}

static fw_status save_trace(const struct fw_staleness *s,
                            struct fw_saved_job *out)
{
    uint32_t first = s->next + FW_STALENESS_WINDOW - s->n;

    out->tau_total = s->total;
    out->taus = fw_mem_array(s->n, sizeof(*out->taus));
    if (!out->taus)
        return FW_NOMEM;
    for (uint32_t i = 0; i < s->n; i++) {
        const struct fw_staleness_sample *x =
            &s->ring[(first + i) % FW_STALENESS_WINDOW];

        out->taus[i] = (struct fw_saved_tau){x->tau, x->workers, x->worker};
    }
    out->n_taus = s->n;
    return FW_OK;
}

static void save_controller(const struct fw_controller *c,
                            struct fw_saved_controller *to)
{
    *to = (struct fw_saved_controller){
        .law = c->law,
        .momentum = c->momentum,
        .learning_rate = c->rate,
        .pinned_momentum = c->pinned_momentum,
        .pinned_rate = c->pinned_rate,
        .trim = c->trim,
        .curvature = c->curvature.h,
        .curvature_usual = c->curvature.usual,
        .probes = c->curvature.probes,
        .probes_refused = c->curvature.refused,
        .probe_gap = c->prober.gap,
        .probe_next = c->prober.next,
        .probes_asked = c->prober.asked,
        .probes_answered = c->prober.answered,
        .loss_recent = c->brake.recent,
        .loss_lowest = c->brake.lowest,
        .loss_alarms = c->brake.alarms,
    };
    memcpy(to->probe, c->curvature.last, sizeof(to->probe));
}

static void save_report(const struct fw_report *r, struct fw_saved_report *to)
{
    *to = (struct fw_saved_report){
        .training = r->training,
        .training_version = r->training_version,
        .validation = r->validation,
        .accuracy = r->accuracy,
        .validation_version = r->validation_version,
        .samples = r->samples,
        .applied = r->applied,
        .refused = r->refused,
        .worker_seconds = r->worker_seconds,
    };
}

fw_status fw_job_save(const struct fw_job *job, struct fw_saved_job *out)
{
    fw_status s;

    *out = (struct fw_saved_job){
        .epoch = job->sessions.epoch,
        .workers_lost = job->sessions.lost,
    };
    save_controller(&job->controller, &out->controller);
    save_report(&job->report, &out->report);
    s = fw_failpoint("save.sessions", NULL);
    if (s == FW_OK)
        s = save_sessions(job, out);
    if (s == FW_OK)
        s = fw_failpoint("save.trace", NULL);
    if (s == FW_OK)
        s = save_trace(&job->controller.staleness, out);
    if (s != FW_OK)
        fw_saved_job_close(out);
    return s;
}

/* --- in --- */

static fw_status load_session(struct fw_job *job,
                              const struct fw_saved_session *from,
                              int64_t now_ms, struct fw_err *err)
{
    struct fw_session *w;
    fw_status s;

    if (!from->epoch || from->last_ack.sequence > from->sequence)
        return fw_err_set(err, FW_CORRUPT, "worker '%s' has impossible numbers",
                          from->worker);
    s = fw_failpoint("resurrect.session", err);
    if (s != FW_OK)
        return s;
    job->sessions.epoch = from->epoch - 1; /* joining counts it up */
    s = fw_sessions_join(&job->sessions, from->worker, from->key, from->dtype,
                         now_ms, &w, err);
    if (s == FW_EXISTS)
        return fw_err_set(err, FW_CORRUPT, "worker '%s' is there twice",
                          from->worker);
    if (s == FW_OK && fw_groups_on(&job->groups))
        s = fw_groups_join(job, w);
    if (s != FW_OK)
        return s;
    w->unheard = true;
    w->sequence = from->sequence;
    w->last_ack = from->last_ack;
    w->last_ack.incarnation = job->incarnation;
    w->base_version = from->base_version;
    w->gradients = from->gradients;
    w->rated = from->gradients;
    w->refused = from->refused;
    w->samples = from->samples;
    w->staleness_sum = from->staleness_sum;
    w->strikes = from->strikes;
    w->quarantined = from->quarantined;
    return FW_OK;
}

static void load_trace(const struct fw_saved_job *from, struct fw_staleness *to)
{
    for (uint32_t i = 0; i < from->n_taus; i++)
        fw_staleness_add(to, from->taus[i].tau, from->taus[i].workers,
                         from->taus[i].worker);
    if (from->tau_total > to->total) {
        to->since += from->tau_total - to->total;
        to->total = from->tau_total;
    }
}

/* What an operator pinned must be what fw_controller_set would have taken. */
static bool is_usable(double momentum, double rate)
{
    return fabs(momentum) < 1.0 && isfinite(rate) && rate > 0.0;
}

static fw_status load_controller(const struct fw_saved_controller *from,
                                 struct fw_controller *c, struct fw_err *err)
{
    if (!is_usable(from->momentum, from->learning_rate) ||
        !is_usable(from->pinned_momentum, from->pinned_rate) ||
        !isfinite(from->trim))
        return fw_err_set(err, FW_CORRUPT,
                          "momentum %g and rate %g are impossible",
                          from->momentum, from->learning_rate);
    c->law = from->law;
    c->momentum = from->momentum;
    c->target = from->momentum;
    c->rate = from->learning_rate;
    c->pinned_momentum = from->pinned_momentum;
    c->pinned_rate = from->pinned_rate;
    c->trim = from->trim;
    c->curvature.h = from->curvature;
    c->curvature.usual = from->curvature_usual;
    memcpy(c->curvature.last, from->probe, sizeof(c->curvature.last));
    c->curvature.probes = from->probes;
    c->curvature.refused = from->probes_refused;
    if (from->probe_gap)
        c->prober.gap = from->probe_gap;
    c->prober.next = from->probe_next;
    c->prober.asked = from->probes_asked;
    c->prober.answered = from->probes_answered;
    c->brake.recent = from->loss_recent;
    c->brake.lowest = from->loss_lowest;
    c->brake.alarms = from->loss_alarms;
    return FW_OK;
}

static void load_report(const struct fw_saved_report *from, struct fw_report *r)
{
    r->training = from->training;
    r->training_version = from->training_version;
    r->validation = from->validation;
    r->accuracy = from->accuracy;
    r->validation_version = from->validation_version;
    r->samples = from->samples;
    r->applied = from->applied;
    r->refused = from->refused;
    r->worker_seconds = from->worker_seconds;
    r->rate_samples = from->samples;
    r->rate_applied = from->applied;
}

/* Above every epoch that was ever given out, also by servers that crashed
 * before they saved it: the incarnation is the millisecond in which a server
 * started, and no server opens more sessions than milliseconds pass. */
static uint64_t epoch_above(uint64_t epoch, uint64_t incarnation)
{
    return incarnation > epoch ? incarnation : epoch + EPOCHS_UNSAVED;
}

/* As fw_job_decisions tells it. */
static void load_decision(const struct fw_decision_message *m,
                          int64_t unix_offset_ms, struct fw_decision *d)
{
    *d = (struct fw_decision){
        .index = m->index,
        .at_ms = m->unix_ms - unix_offset_ms,
        .version = m->version,
        .workers = m->workers,
        .staleness_mean = m->staleness_mean,
        .staleness_deviation_ratio = m->staleness_deviation_ratio,
        .curvature = m->curvature,
        .law = m->law,
        .momentum_before = m->momentum_before,
        .momentum_after = m->momentum_after,
        .rate_before = m->learning_rate_before,
        .rate_after = m->learning_rate_after,
        .step_bound = m->step_bound,
    };
    snprintf(d->binding, sizeof(d->binding), "%s", m->binding);
    snprintf(d->cause, sizeof(d->cause), "%s", m->cause);
    snprintf(d->who, sizeof(d->who), "%s", m->who);
    snprintf(d->why, sizeof(d->why), "%s", m->why);
    snprintf(d->sentence, sizeof(d->sentence), "%s", m->sentence);
}

fw_status fw_job_remember(struct fw_job *job,
                          const struct fw_decision_list *old,
                          int64_t unix_offset_ms)
{
    struct fw_decision *all;

    if (!old->n)
        return FW_OK;
    all = fw_mem_array(old->n, sizeof(*all));
    if (!all)
        return FW_NOMEM;
    for (uint32_t i = 0; i < old->n; i++)
        load_decision(&old->items[i], unix_offset_ms, &all[i]);
    fw_decision_log_inherit(&job->controller.log, all, old->n);
    free(all);
    return FW_OK;
}

fw_status fw_job_resurrect(struct fw_job *job, const struct fw_saved_job *from,
                           int64_t now_ms, struct fw_err *err)
{
    struct fw_sessions *all = &job->sessions;
    uint64_t epoch = from->epoch;
    fw_status s = fw_failpoint("resurrect.controller", err);

    if (s == FW_OK)
        s = load_controller(&from->controller, &job->controller, err);
    for (uint32_t i = 0; s == FW_OK && i < from->n_sessions; i++) {
        s = load_session(job, &from->sessions[i], now_ms, err);
        if (all->epoch > epoch)
            epoch = all->epoch;
    }
    if (s != FW_OK)
        return s;
    all->epoch = epoch_above(epoch, job->incarnation);
    all->lost = from->workers_lost;
    load_report(&from->report, &job->report);
    load_trace(from, &job->controller.staleness);
    if (all->connected)
        fw_controller_members(&job->controller, fw_groups_asynchrony(job),
                              FW_MEMBER_RESTORED, NULL, fw_job_version(job),
                              now_ms);
    return FW_OK;
}

static bool is_in_force(const struct fw_controller *c,
                        const struct fw_decision *d)
{
    return d->law == c->law && d->momentum_after == c->momentum &&
           d->rate_after == c->rate;
}

void fw_job_confirm(struct fw_job *job, int64_t now_ms)
{
    struct fw_controller *c = &job->controller;
    const struct fw_decision *last = fw_decision_log_last(&c->log);

    if (is_in_force(c, last))
        memcpy(c->binding, last->binding, sizeof(c->binding));
    else
        fw_controller_members(c, fw_groups_asynchrony(job), FW_MEMBER_RESTORED,
                              NULL, fw_job_version(job), now_ms);
}
