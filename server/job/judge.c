#include "server/job/judge.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sdk/base/failpoint.h"
#include "sdk/wire/reason.h"
#include "server/job/sample.h"
#include "server/job/schedule.h"
#include "server/momentum/controller_decide.h"

uint64_t fw_job_version(const struct fw_job *job)
{
    return job->current ? job->current->number : 0;
}

fw_status fw_job_fenced(const struct fw_session *w, struct fw_err *err)
{
    if (!w)
        return FW_REFUSE(err, FENCED, "the session is over; join again");
    return FW_REFUSE(err, FENCED, "worker '%s' %s; join again", w->name,
                     w->state == FW_WORKER_LOST ? "was silent for longer than "
                                                  "its lease"
                                                : "has left");
}

fw_status fw_job_check(struct fw_job *job, uint64_t epoch, struct fw_err *err)
{
    struct fw_session *w = fw_sessions_by_epoch(&job->sessions, epoch);

    return w && w->state == FW_WORKER_CONNECTED ? FW_OK : fw_job_fenced(w, err);
}

/* May this gradient be applied?  Nothing is changed. */
static fw_status judge(const struct fw_job *job, const struct fw_session *w,
                       const struct fw_gather *g, struct fw_err *err)
{
    const struct fw_gradient_head *h = &g->head;
    uint64_t limit = job->spec.limits.max_staleness;

    if (h->sequence != w->sequence + 1)
        return FW_REFUSE(err, SEQUENCE_GAP,
                         "gradient %" PRIu64 " where %" PRIu64 " comes next",
                         h->sequence, w->sequence + 1);
    if (!job->current)
        return FW_REFUSE(err, NOT_INITIALIZED,
                         "the job has no parameters yet; upload them first");
    if (h->base_version > job->current->number)
        return FW_REFUSE(err, VERSION_AHEAD,
                         "a gradient at version %" PRIu64
                         ", the model is at %" PRIu64 "; pull again",
                         h->base_version, job->current->number);
    if (limit && job->current->number - h->base_version > limit)
        return FW_REFUSE(err, TOO_STALE,
                         "the gradient is %" PRIu64 " versions old, the job's "
                         "limit is %" PRIu64,
                         job->current->number - h->base_version, limit);
    if (w->quarantined)
        return FW_REFUSE(err, QUARANTINED,
                         "worker '%s' is in quarantine; flywheel workers "
                         "release --job %s --worker %s",
                         w->name, job->spec.name, w->name);
    if (g->check.non_finite)
        return FW_REFUSE(err, NON_FINITE,
                         "the gradient holds a NaN or an infinity");
    if (job->gate.reject &&
        sqrt(g->check.square_norm) > fw_gate_limit(&job->gate))
        return FW_REFUSE(err, OUTLIER,
                         "the gradient's norm is %g, the limit %g",
                         sqrt(g->check.square_norm), fw_gate_limit(&job->gate));
    return FW_OK;
}

/* The learning rate of the next step. */
static double rate_now(const struct fw_job *job)
{
    return fw_controller_rate(&job->controller) *
           fw_schedule_factor(&job->spec.schedule, job->current->number);
}

/* A mark against a worker; at the third within 100 gradients the log says that
 * it is in quarantine. */
static void strike(struct fw_job *job, struct fw_session *w, uint64_t sequence,
                   int64_t now_ms)
{
    struct fw_event e = {.cause = "quarantine",
                         .who = w->name,
                         .version = fw_job_version(job),
                         .now_ms = now_ms};

    if (fw_gate_strike(w, sequence))
        fw_controller_hold(&job->controller, &e,
                           "three bad gradients in 100: no more of them are "
                           "taken");
}

/* What passes is measured; what is too long is made shorter. */
static void pass_gate(struct fw_job *job, struct fw_session *w,
                      struct fw_gather *g, int64_t now_ms)
{
    double norm = sqrt(g->check.square_norm);
    double limit = fw_gate_limit(&job->gate);
    double gross = fw_gate_gross(&job->gate);

    fw_gate_add(&job->gate, norm);
    if (norm <= limit)
        return;
    fw_gather_scale(g, limit / norm);
    job->gate.clipped++;
    if (norm > gross)
        strike(job, w, g->head.sequence, now_ms);
}

bool fw_job_wave(struct fw_job *job, uint64_t epoch, struct fw_gather *g,
                 int64_t now_ms)
{
    struct fw_session *w = fw_sessions_by_epoch(&job->sessions, epoch);
    const uint64_t *coordinates = NULL;
    uint32_t n = 0;

    if (!w || w->state != FW_WORKER_CONNECTED || g->n_blocks < 2 ||
        now_ms < job->no_wave_till_ms || fw_pool_gathers(job->pool) > 1 ||
        fw_groups_on(&job->groups) || job->optimizer.spec.clip_norm > 0.0 ||
        judge(job, w, g, NULL) != FW_OK)
        return false;
    if (fw_sample_wants_gradient(job->current))
        coordinates = fw_controller_coordinates(&job->controller, &n);
    return fw_wave_begin(&job->wave, &job->optimizer, job->current, g,
                         rate_now(job), job->controller.momentum, coordinates,
                         n);
}

/* A step that can be made no more, or must be made with a shorter gradient:
 * where that was, the next parameters are now. */
static bool is_overtaken(struct fw_job *job, const struct fw_gather *g)
{
    return g->wave && (!fw_wave_holds(g->wave, g) ||
                       sqrt(g->check.square_norm) > fw_gate_limit(&job->gate));
}

/* Make the step, or take the one that was made while the gradient came. */
static fw_status make_step(struct fw_job *job, struct fw_gather *g,
                           struct fw_gradient_ack *ack,
                           struct fw_version **next)
{
    if (g->wave) {
        ack->momentum = g->wave->momentum;
        ack->learning_rate = g->wave->rate;
        fw_sample_seen(&job->sample, &job->controller, &job->optimizer,
                       job->current, g->wave->seen);
        return fw_wave_commit(g->wave, &job->optimizer, g, next);
    }
    fw_wave_break(&job->wave);
    ack->momentum = job->controller.momentum;
    ack->learning_rate = rate_now(job);
    fw_sample_before(&job->sample, &job->controller, &job->optimizer,
                     job->current, g);
    return fw_optimizer_step(&job->optimizer, job->current, g,
                             ack->learning_rate, ack->momentum, next);
}

fw_status fw_job_apply(struct fw_job *job, struct fw_gather *g, uint32_t n,
                       int64_t now_ms, struct fw_gradient_ack *ack)
{
    struct fw_gradient_head h = g->head;
    uint64_t base = job->current->number;
    struct fw_observation seen = {.version = base + 1,
                                  .staleness = base - h.base_version,
                                  .worker = (uint32_t)h.sequence,
                                  .loss = h.loss};
    struct fw_version *next;
    fw_status s;

    s = make_step(job, g, ack, &next);
    if (s != FW_OK)
        return s;
    fw_version_unref(job->current);
    job->current = next;
    ack->staleness = seen.staleness;
    fw_sample_after(&job->sample, &job->controller, next, h.base_version,
                    ack->learning_rate);
    fw_controller_observe(&job->controller, &seen, now_ms);
    fw_report_gradient(&job->report, h.loss, h.samples, next->number);
    job->report.applied += n - 1; /* one was counted */
    fw_report_tick(&job->report, job->sessions.connected, now_ms);
    return FW_OK;
}

/* A gradient of the worker's has become part of the model. */
static void credit(struct fw_job *job, struct fw_session *w,
                   struct fw_gradient_ack *ack)
{
    w->gradients++;
    w->samples += w->pushed_samples;
    w->staleness_sum += (double)ack->staleness;
    w->base_version = w->pushed_base;
    ack->probe = fw_controller_ask_probe(&job->controller, fw_job_version(job));
}

static void count(struct fw_job *job, struct fw_session *w,
                  struct fw_gradient_ack *ack)
{
    if (ack->reason[0]) {
        w->refused++;
        job->report.refused++;
    } else {
        credit(job, w, ack);
    }
}

void fw_job_answer_held(struct fw_job *job, struct fw_session *w,
                        const struct fw_gradient_ack *step)
{
    struct fw_gradient_ack *ack = &w->pending;
    struct fw_held *held = w->held;

    ack->staleness = step->staleness;
    ack->momentum = step->momentum;
    ack->learning_rate = step->learning_rate;
    ack->version = fw_job_version(job);
    ack->durable_version = job->durable_version;
    memcpy(ack->reason, step->reason, sizeof(ack->reason));
    memcpy(ack->detail, step->detail, sizeof(ack->detail));
    count(job, w, ack);
    w->delivered = false;
    w->last_ack = *ack;
    w->held = NULL;
    if (held)
        held->answer(held, job, ack);
}

/* Apply it alone, or give it to the worker's group. */
static fw_status use(struct fw_job *job, struct fw_session *w,
                     struct fw_gather *take, int64_t now_ms,
                     struct fw_gradient_ack *ack)
{
    fw_status s;

    w->pushed_base = take->head.base_version;
    w->pushed_samples = take->head.samples;
    take->head.sequence = w->epoch; /* whom the staleness is counted to */
    if (fw_groups_on(&job->groups))
        return fw_groups_deliver(job, w, take, now_ms, ack);
    fw_controller_curvature(&job->controller, take->head.curvature,
                            fw_job_version(job), now_ms);
    s = fw_failpoint("apply.begin", NULL);
    if (s == FW_OK)
        s = fw_job_apply(job, take, 1, now_ms, ack);
    if (s != FW_OK)
        fw_gather_close(take);
    return s;
}

/* Write the refusal of a gradient into its ack. */
static void refuse(struct fw_job *job, struct fw_session *w,
                   const struct fw_err *why, struct fw_gradient_ack *ack)
{
    snprintf(ack->reason, sizeof(ack->reason), "%s", why->reason);
    snprintf(ack->detail, sizeof(ack->detail), "%s", why->text);
    w->refused++;
    job->report.refused++;
}

static bool is_poison(const char *reason)
{
    return strcmp(reason, FW_REASON(NON_FINITE)) == 0 ||
           strcmp(reason, FW_REASON(OUTLIER)) == 0;
}

fw_status fw_job_release(struct fw_job *job, const char *worker, int64_t now_ms,
                         struct fw_err *err)
{
    struct fw_session *w = fw_sessions_by_name(&job->sessions, worker);
    struct fw_event e = {.cause = "release",
                         .who = worker,
                         .version = fw_job_version(job),
                         .now_ms = now_ms};

    if (!w)
        return FW_REFUSE(err, WORKER_NOT_FOUND, "job '%s' has no worker '%s'",
                         job->spec.name, worker);
    if (w->quarantined)
        fw_controller_hold(&job->controller, &e,
                           "its gradients are taken again");
    w->quarantined = false;
    memset(w->strike, 0, sizeof(w->strike));
    return FW_OK;
}

/* A repetition of the last one: its answer again, or still to come. */
static bool repeated(struct fw_session *w, struct fw_gradient_ack *ack)
{
    if (!w->sequence || ack->sequence != w->sequence)
        return false;
    if (!w->delivered)
        *ack = w->last_ack;
    ack->duplicate = true;
    return true;
}

fw_status fw_job_push(struct fw_job *job, uint64_t epoch,
                      struct fw_gather *take, int64_t now_ms,
                      struct fw_gradient_ack *ack, struct fw_err *err)
{
    struct fw_session *w = fw_sessions_by_epoch(&job->sessions, epoch);
    struct fw_err why;
    fw_status s = FW_OK;

    *ack = (struct fw_gradient_ack){.sequence = take->head.sequence,
                                    .durable_version = job->durable_version,
                                    .incarnation = job->incarnation};
    if (!w || w->state != FW_WORKER_CONNECTED) {
        fw_gather_close(take);
        return fw_job_fenced(w, err);
    }
    fw_sessions_heard(&job->sessions, w, now_ms);
    if (repeated(w, ack)) {
        fw_gather_close(take);
        return w->delivered ? FW_BUSY : FW_OK;
    }
    if (judge(job, w, take, &why) != FW_OK) {
        refuse(job, w, &why, ack);
        if (is_poison(why.reason))
            strike(job, w, ack->sequence, now_ms);
        fw_gather_close(take);
    } else if (is_overtaken(job, take)) {
        fw_gather_close(take);
        return FW_REFUSE(err, OVERTAKEN,
                         "another step was made first; send it again");
    } else {
        pass_gate(job, w, take, now_ms);
        s = use(job, w, take, now_ms, ack);
        if (s == FW_BUSY) {
            w->sequence = ack->sequence;
            return s;
        }
        if (s != FW_OK) {
            (void)FW_REFUSE(&why, OUT_OF_MEMORY, "no memory for a step");
            refuse(job, w, &why, ack);
        } else if (ack->version == 0) { /* not answered as one of a group */
            count(job, w, ack);
        }
    }
    ack->version = fw_job_version(job);
    /* A refused number is used up, unless it was the number that was wrong. */
    if (strcmp(ack->reason, FW_REASON(SEQUENCE_GAP)) != 0) {
        w->sequence = ack->sequence;
        w->last_ack = *ack;
    }
    return FW_OK;
}

bool fw_job_resume(struct fw_job *job, uint64_t epoch, struct fw_opened *opened,
                   struct fw_gradient_ack *last)
{
    struct fw_session *w = fw_sessions_by_epoch(&job->sessions, epoch);

    *opened = (struct fw_opened){.version = fw_job_version(job),
                                 .incarnation = job->incarnation};
    if (!w)
        return false;
    opened->sequence = w->delivered ? w->last_ack.sequence : w->sequence;
    opened->applied = w->gradients;
    *last = w->last_ack;
    last->duplicate = true;
    return opened->sequence != 0;
}

void fw_job_hold(struct fw_job *job, uint64_t epoch, struct fw_held *held)
{
    struct fw_session *w = fw_sessions_by_epoch(&job->sessions, epoch);

    if (w && w->held && w->held != held)
        w->held->drop(w->held); /* sent again, by another stream */
    if (w)
        w->held = held;
}
