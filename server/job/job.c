#include "server/job/job.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sdk/wire/reason.h"
#include "server/job/schedule.h"

#define POOL_MIN_BYTES (256ull << 20)

/* Versions and gradients together: with the momentum buffer beside it, 3.25
 * times the parameters keeps a server below five times (docs/architecture.md).
 * A cap that an owner sets must at least hold a version and a gradient. */
static uint64_t pool_cap(const struct fw_job_spec *spec, uint64_t n_elements)
{
    uint64_t bytes = n_elements * sizeof(float);
    uint64_t least = 2 * bytes + 2 * FW_BLOCK_ELEMENTS * sizeof(float);
    uint64_t cap = bytes * 13 / 4;

    if (spec->limits.buffer_bytes)
        cap = spec->limits.buffer_bytes;
    else if (cap < POOL_MIN_BYTES)
        cap = POOL_MIN_BYTES;
    return cap > least ? cap : least;
}

static struct fw_controller_config config_of(const struct fw_controller_spec *c)
{
    return (struct fw_controller_config){
        .law = c->law,
        .reference_momentum = c->reference_momentum,
        .reference_rate = c->reference_learning_rate,
        .policy = c->step_policy,
        .allow_negative = c->allow_negative_momentum,
        .floor = c->momentum_floor,
    };
}

fw_status fw_job_init(struct fw_job *job, const struct fw_job_spec *spec,
                      uint64_t incarnation, int64_t now_ms, struct fw_err *err)
{
    struct fw_controller_config config = config_of(&spec->controller);
    fw_status s;

    *job = (struct fw_job){.incarnation = incarnation, .born_ms = now_ms};
    s = fw_job_spec_copy(spec, &job->spec);
    if (s == FW_OK) {
        job->n_elements = fw_tensor_list_elements(&job->spec.tensors);
        s = fw_pool_create(job->n_elements, pool_cap(spec, job->n_elements),
                           &job->pool);
    }
    if (s == FW_OK)
        s = fw_optimizer_init(&job->optimizer, &spec->optimizer,
                              job->n_elements);
    if (s == FW_OK)
        s = fw_controller_init(&job->controller, &config, now_ms);
    fw_sessions_init(&job->sessions, spec->limits.lease_ms,
                     spec->limits.max_workers);
    fw_report_init(&job->report, now_ms);
    if (s == FW_OK)
        return FW_OK;
    fw_job_close(job);
    return FW_REFUSE(err, OUT_OF_MEMORY, "no memory for job '%s'", spec->name);
}

void fw_job_close(struct fw_job *job)
{
    fw_version_unref(job->current);
    job->current = NULL;
    fw_pool_unref(job->pool);
    job->pool = NULL;
    fw_optimizer_close(&job->optimizer);
    fw_sessions_close(&job->sessions);
    fw_controller_close(&job->controller);
    fw_job_spec_close(&job->spec);
}

static uint64_t version_of(const struct fw_job *job)
{
    return job->current ? job->current->number : 0;
}

fw_status fw_job_initialize(struct fw_job *job, struct fw_gather *take,
                            struct fw_initialize_response *out,
                            struct fw_err *err)
{
    fw_status s = FW_OK;

    *out = (struct fw_initialize_response){.version = version_of(job),
                                           .already_initialized =
                                               job->current != NULL};
    if (job->current)
        goto done;
    if (take->check.non_finite)
        s = FW_REFUSE(err, NON_FINITE,
                      "the first parameters hold a NaN or an infinity");
    else if (fw_version_from_gather(take, 0, &job->current) != FW_OK)
        s = FW_REFUSE(err, OUT_OF_MEMORY, "no memory for the parameters");
    else
        take = NULL;
done:
    fw_gather_close(take);
    return s;
}

static fw_status check_join(const struct fw_job *job,
                            const struct fw_join_request *r, struct fw_err *err)
{
    if (r->protocol_min > FW_PROTOCOL || r->protocol_max < FW_PROTOCOL)
        return FW_REFUSE(err, PROTOCOL_UNSUPPORTED,
                         "the worker speaks protocol %u to %u, this server %u",
                         r->protocol_min, r->protocol_max, FW_PROTOCOL);
    if (!fw_dtype_bytes(r->wire_dtype))
        return FW_REFUSE(err, DTYPE_UNSUPPORTED, "wire dtype %d is not known",
                         (int)r->wire_dtype);
    if (r->tensors.n)
        return fw_tensor_list_match(&job->spec.tensors, &r->tensors, err);
    return FW_OK;
}

fw_status fw_job_join(struct fw_job *job, const struct fw_join_request *request,
                      const uint8_t session[FW_SESSION_BYTES], int64_t now_ms,
                      struct fw_join_response *out, struct fw_err *err)
{
    uint32_t probe = job->spec.controller.probe_interval;
    struct fw_session *w;
    fw_status s = check_join(job, request, err);

    if (s == FW_OK)
        s = fw_sessions_join(&job->sessions, request->worker, session,
                             request->wire_dtype, now_ms, &w, err);
    if (s != FW_OK)
        return s;
    fw_controller_members(&job->controller, job->sessions.connected,
                          FW_MEMBER_JOINED, w->name, version_of(job), now_ms);
    *out = (struct fw_join_response){
        .epoch = w->epoch,
        .wire_dtype = w->dtype,
        .n_elements = job->n_elements,
        .chunk_elements = FW_CHUNK_ELEMENTS,
        .initialized = job->current != NULL,
        .version = version_of(job),
        .incarnation = job->incarnation,
        .lease_ms = job->spec.limits.lease_ms,
        .heartbeat_ms = job->spec.limits.lease_ms / 3,
        .probe_interval = probe == UINT32_MAX ? 0 : probe,
        .protocol = FW_PROTOCOL,
    };
    memcpy(out->session, session, FW_SESSION_BYTES);
    return FW_OK;
}

/* FENCED, saying what became of the session. */
static fw_status fenced(const struct fw_session *w, struct fw_err *err)
{
    if (!w)
        return FW_REFUSE(err, FENCED, "the session is over; join again");
    return FW_REFUSE(err, FENCED, "worker '%s' %s; join again", w->name,
                     w->state == FW_WORKER_LOST ? "was silent for longer than "
                                                  "its lease"
                                                : "has left");
}

fw_status fw_job_open(struct fw_job *job,
                      const uint8_t session[FW_SESSION_BYTES], int64_t now_ms,
                      uint64_t *epoch, enum fw_dtype *dtype, struct fw_err *err)
{
    struct fw_session *w = fw_sessions_by_key(&job->sessions, session);

    if (!w)
        return FW_REFUSE(err, SESSION_UNKNOWN,
                         "there is no such session; join first");
    if (w->state != FW_WORKER_CONNECTED)
        return fenced(w, err);
    w->heard_ms = now_ms;
    *epoch = w->epoch;
    *dtype = w->dtype;
    return FW_OK;
}

fw_status fw_job_touch(struct fw_job *job, uint64_t epoch, int64_t now_ms,
                       struct fw_err *err)
{
    struct fw_session *w = fw_sessions_by_epoch(&job->sessions, epoch);

    if (!w || w->state != FW_WORKER_CONNECTED)
        return fenced(w, err);
    w->heard_ms = now_ms;
    return FW_OK;
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
                                  .loss = h.loss,
                                  .curvature = h.curvature};
    struct fw_version *next;
    fw_status s;

    ack->momentum = job->controller.momentum;
    ack->learning_rate =
        job->controller.rate * fw_schedule_factor(&job->spec.schedule, base);
    s = fw_optimizer_step(&job->optimizer, job->current, g, ack->learning_rate,
                          ack->momentum, &next);
    if (s != FW_OK)
        return s;
    fw_version_unref(job->current);
    job->current = next;
    ack->staleness = seen.staleness;
    fw_controller_observe(&job->controller, &seen, now_ms);
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
        s = fenced(w, err);
        goto done;
    }
    w->heard_ms = now_ms;
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
    ack->version = version_of(job);
    /* A refused number is used up, unless it was the number that was wrong. */
    if (strcmp(ack->reason, FW_REASON(SEQUENCE_GAP)) != 0) {
        w->sequence = ack->sequence;
        w->last_ack = *ack;
    }
done:
    fw_gather_close(take);
    return s;
}

static void end_session(struct fw_job *job, struct fw_session *w,
                        enum fw_worker_state state, int64_t now_ms)
{
    char name[FW_NAME_MAX + 1];

    memcpy(name, w->name, sizeof(name)); /* the session may be forgotten */
    fw_sessions_end(&job->sessions, w, state, now_ms);
    fw_controller_members(&job->controller, job->sessions.connected,
                          state == FW_WORKER_LOST ? FW_MEMBER_LOST
                                                  : FW_MEMBER_LEFT,
                          name, version_of(job), now_ms);
}

void fw_job_leave(struct fw_job *job, const uint8_t session[FW_SESSION_BYTES],
                  int64_t now_ms)
{
    struct fw_session *w = fw_sessions_by_key(&job->sessions, session);

    if (w && w->state == FW_WORKER_CONNECTED)
        end_session(job, w, FW_WORKER_LEFT, now_ms);
}

void fw_job_tick(struct fw_job *job, int64_t now_ms)
{
    struct fw_session *w;

    while ((w = fw_sessions_expired(&job->sessions, now_ms)))
        end_session(job, w, FW_WORKER_LOST, now_ms);
    fw_report_tick(&job->report, job->sessions.connected, now_ms);
}

fw_status fw_job_report(struct fw_job *job, const struct fw_report_request *r,
                        struct fw_err *err)
{
    if (r->version > version_of(job) || !job->current)
        return FW_REFUSE(err, VERSION_AHEAD,
                         "a report of version %" PRIu64
                         ", the model is at %" PRIu64,
                         r->version, version_of(job));
    fw_report_validation(&job->report, r->loss, r->accuracy, r->version);
    return FW_OK;
}

fw_status fw_job_set_controller(struct fw_job *job,
                                const struct fw_set_controller *set,
                                int64_t now_ms, struct fw_sentence *out,
                                struct fw_err *err)
{
    fw_status s = fw_controller_set(&job->controller, set->law, set->momentum,
                                    set->learning_rate, set->who, set->why,
                                    version_of(job), now_ms, err);

    if (s == FW_OK)
        snprintf(out->text, sizeof(out->text), "%s",
                 fw_decision_log_last(&job->controller.log)->sentence);
    return s;
}

void fw_job_durable(struct fw_job *job, uint64_t version, const char *path)
{
    job->durable_version = version;
    snprintf(job->checkpoint, sizeof(job->checkpoint), "%s", path);
}
