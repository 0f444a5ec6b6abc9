#include "server/job/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sdk/wire/reason.h"
#include "server/job/sample.h"
#include "server/job/schedule.h"

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
    if (g->check.non_finite)
        return FW_REFUSE(err, NON_FINITE,
                         "the gradient holds a NaN or an infinity");
    return FW_OK;
}

/* Step, publish, observe; takes `g` unless memory is out. */
static fw_status apply(struct fw_job *job, struct fw_session *w,
                       struct fw_gather *g, int64_t now_ms,
                       struct fw_gradient_ack *ack)
{
    struct fw_gradient_head h = g->head;
    uint64_t base = job->current->number;
    struct fw_observation seen = {.version = base + 1,
                                  .staleness = base - h.base_version,
                                  .worker = (uint32_t)w->epoch,
                                  .loss = h.loss};
    struct fw_version *next;
    fw_status s;

    fw_controller_curvature(&job->controller, h.curvature, base, now_ms);
    ack->momentum = job->controller.momentum;
    ack->learning_rate =
        job->controller.rate * fw_schedule_factor(&job->spec.schedule, base);
    fw_sample_before(&job->sample, &job->controller, &job->optimizer,
                     job->current, g);
    s = fw_optimizer_step(&job->optimizer, job->current, g, ack->learning_rate,
                          ack->momentum, &next);
    if (s != FW_OK)
        return s;
    fw_version_unref(job->current);
    job->current = next;
    ack->staleness = seen.staleness;
    fw_sample_after(&job->sample, &job->controller, next, h.base_version,
                    ack->learning_rate);
    fw_controller_observe(&job->controller, &seen, now_ms);
    ack->probe = fw_controller_ask_probe(&job->controller, next->number);
    fw_report_gradient(&job->report, h.loss, h.samples, next->number);
    fw_report_tick(&job->report, job->sessions.connected, now_ms);
    w->gradients++;
    w->samples += h.samples;
    w->staleness_sum += (double)seen.staleness;
    w->base_version = h.base_version;
    return FW_OK;
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
        s = fw_job_fenced(w, err);
        goto done;
    }
    fw_sessions_heard(&job->sessions, w, now_ms);
    if (w->sequence && ack->sequence == w->sequence) {
        *ack = w->last_ack;
        ack->duplicate = true;
        goto done;
    }
    if (judge(job, w, take, &why) != FW_OK) {
        refuse(job, w, &why, ack);
    } else if (apply(job, w, take, now_ms, ack) == FW_OK) {
        take = NULL;
    } else {
        (void)FW_REFUSE(&why, OUT_OF_MEMORY, "no memory for a step");
        refuse(job, w, &why, ack);
    }
    ack->version = fw_job_version(job);
    /* A refused number is used up, unless it was the number that was wrong. */
    if (strcmp(ack->reason, FW_REASON(SEQUENCE_GAP)) != 0) {
        w->sequence = ack->sequence;
        w->last_ack = *ack;
    }
done:
    fw_gather_close(take);
    return s;
}
