#include "server/job/job.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sdk/base/failpoint.h"
#include "sdk/wire/reason.h"
#include "server/job/judge.h"

#define POOL_MIN_BYTES (256ull << 20)
#define TRAVELLING     16u /* blocks of older versions */

/* Versions and gradients together: a version and two gradients, or one and the
 * second momentum of a wave, and some blocks that still travel; with the
 * momentum beside them a server stays below five times the parameters
 * (docs/architecture.md).
 * A cap that an owner sets must at least hold a version and a gradient. */
static uint64_t pool_cap(const struct fw_job_spec *spec, uint64_t n_elements)
{
    uint64_t bytes = n_elements * sizeof(float);
    uint64_t least = 2 * bytes + 2 * FW_BLOCK_ELEMENTS * sizeof(float);
    uint64_t cap = 3 * bytes + TRAVELLING * FW_BLOCK_ELEMENTS * sizeof(float);

    if (spec->limits.buffer_bytes)
        cap = spec->limits.buffer_bytes;
    else if (cap < POOL_MIN_BYTES)
        cap = POOL_MIN_BYTES;
    cap = fw_quota_pool_bytes(&spec->limits, n_elements, cap);
    return cap > least ? cap : least;
}

static struct fw_controller_config config_of(const struct fw_controller_spec *c,
                                             uint64_t n_elements)
{
    return (struct fw_controller_config){
        .law = c->law,
        .reference_momentum = c->reference_momentum,
        .reference_rate = c->reference_learning_rate,
        .policy = c->step_policy,
        .allow_negative = c->allow_negative_momentum,
        .floor = c->momentum_floor,
        .n_elements = n_elements,
        .probe_interval =
            c->probe_interval == UINT32_MAX ? 0 : c->probe_interval,
    };
}

fw_status fw_job_init(struct fw_job *job, const struct fw_job_spec *spec,
                      uint64_t incarnation, int64_t now_ms, struct fw_err *err)
{
    struct fw_controller_config config =
        config_of(&spec->controller, fw_tensor_list_elements(&spec->tensors));
    fw_status s;

    *job = (struct fw_job){.incarnation = incarnation, .born_ms = now_ms};
    fw_quota_init(&job->quota, &spec->limits);
    fw_wave_init(&job->wave);
    s = fw_failpoint("job.init", err);
    if (s == FW_OK)
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
    if (s == FW_OK)
        s = fw_groups_init(&job->groups, &job->spec.controller);
    fw_sessions_init(&job->sessions, spec->limits.lease_ms,
                     spec->limits.max_workers);
    fw_gate_init(&job->gate, &spec->limits);
    fw_report_init(&job->report, now_ms);
    if (s == FW_OK)
        return FW_OK;
    fw_job_close(job);
    if (s == FW_INVALID)
        return FW_REFUSE(err, JOB_INVALID,
                         "the controller of job '%s' cannot work with its "
                         "reference",
                         spec->name);
    return FW_REFUSE(err, OUT_OF_MEMORY, "no memory for job '%s'", spec->name);
}

void fw_job_close(struct fw_job *job)
{
    fw_wave_close(&job->wave);
    fw_version_unref(job->current);
    job->current = NULL;
    fw_optimizer_no_spare(&job->optimizer);
    fw_pool_unref(job->pool);
    job->pool = NULL;
    fw_optimizer_close(&job->optimizer);
    fw_groups_close(&job->groups);
    fw_sessions_close(&job->sessions);
    fw_controller_close(&job->controller);
    fw_job_spec_close(&job->spec);
    fw_quota_close(&job->quota);
}

fw_status fw_job_initialize(struct fw_job *job, struct fw_gather *take,
                            struct fw_initialize_response *out,
                            struct fw_err *err)
{
    fw_status s = FW_OK;

    *out = (struct fw_initialize_response){.version = fw_job_version(job),
                                           .already_initialized =
                                               job->current != NULL};
    if (job->current)
        goto done;
    if (take->check.non_finite)
        s = FW_REFUSE(err, NON_FINITE,
                      "the first parameters hold a NaN or an infinity");
    else if (fw_failpoint("job.initialize", err) != FW_OK ||
             fw_version_from_gather(take, 0, &job->current) != FW_OK)
        s = FW_REFUSE(err, OUT_OF_MEMORY, "no memory for the parameters");
    else
        take = NULL;
done:
    fw_gather_close(take);
    return s;
}

/* Parameters and momentum out of a checkpoint, as version `number`. */
static fw_status set_state(struct fw_job *job, struct fw_gather *take,
                           const float *momentum, uint64_t number,
                           struct fw_err *err)
{
    struct fw_version *next;

    if (take->check.non_finite ||
        !fw_optimizer_finite(momentum, job->n_elements))
        return FW_REFUSE(err, NON_FINITE,
                         "the saved parameters or momentum hold a NaN or an "
                         "infinity");
    if (fw_failpoint("job.restore", err) != FW_OK ||
        fw_version_from_gather(take, number, &next) != FW_OK)
        return FW_REFUSE(err, OUT_OF_MEMORY, "no memory for the parameters");
    fw_wave_break(&job->wave);
    fw_version_unref(job->current);
    job->current = next;
    memcpy(job->optimizer.momentum.at, momentum,
           job->n_elements * sizeof(float));
    return FW_OK;
}

fw_status fw_job_restore(struct fw_job *job, struct fw_gather *take,
                         const float *momentum, uint64_t number,
                         struct fw_err *err)
{
    fw_status s = FW_EXISTS;

    if (job->current)
        (void)fw_err_set(err, s, "the job has parameters already");
    else
        s = set_state(job, take, momentum, number, err);
    if (s != FW_OK)
        fw_gather_close(take);
    return s;
}

fw_status fw_job_rewind(struct fw_job *job, struct fw_gather *take,
                        const float *momentum, struct fw_err *err)
{
    fw_status s;

    if (!job->current)
        s = FW_REFUSE(err, NOT_INITIALIZED, "the job has no parameters yet");
    else
        s = set_state(job, take, momentum, job->current->number + 1, err);
    if (s != FW_OK)
        fw_gather_close(take);
    return s;
}

const float *fw_job_peek_momentum_buffer(const struct fw_job *job)
{
    return job->optimizer.momentum.at;
}

/* A worker goes: its group does not wait for it, and it not for its group. */
static void let_go(struct fw_job *job, struct fw_session *w, int64_t now_ms)
{
    struct fw_gradient_ack gone = {0};

    if (!fw_groups_on(&job->groups))
        return;
    fw_groups_leave(job, w, now_ms);
    if (!w->delivered)
        return;
    snprintf(gone.reason, sizeof(gone.reason), "%s", FW_REASON(FENCED));
    snprintf(gone.detail, sizeof(gone.detail),
             "the session ended while its group was collecting");
    fw_job_answer_held(job, w, &gone);
}

static void end_session(struct fw_job *job, struct fw_session *w,
                        enum fw_worker_state state, int64_t now_ms)
{
    char name[FW_NAME_MAX + 1];

    memcpy(name, w->name, sizeof(name)); /* the session may be forgotten */
    let_go(job, w, now_ms);
    fw_sessions_end(&job->sessions, w, state);
    fw_controller_members(&job->controller, fw_groups_asynchrony(job),
                          state == FW_WORKER_LOST ? FW_MEMBER_LOST
                                                  : FW_MEMBER_LEFT,
                          name, fw_job_version(job), now_ms);
}

static fw_status check_join(const struct fw_job *job,
                            const struct fw_join_request *r, struct fw_err *err)
{
    if (r->protocol_min > FW_PROTOCOL || r->protocol_max < FW_PROTOCOL)
        return FW_REFUSE(err, PROTOCOL_UNSUPPORTED,
                         "the worker speaks protocol %u to %u, this server %u",
                         r->protocol_min, r->protocol_max, FW_PROTOCOL);
    if (!fw_dtype_known(r->wire_dtype))
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
    struct fw_session *w = fw_sessions_unheard(&job->sessions, request->worker);
    fw_status s = check_join(job, request, err);

    if (s == FW_OK)
        s = fw_failpoint("job.join", err);
    if (s == FW_OK && w) /* it went down with the server, and is back */
        end_session(job, w, FW_WORKER_LEFT, now_ms);
    if (s == FW_OK)
        s = fw_sessions_join(&job->sessions, request->worker, session,
                             request->wire_dtype, now_ms, &w, err);
    if (s != FW_OK)
        return s;
    if (fw_groups_on(&job->groups) && fw_groups_join(job, w) != FW_OK) {
        fw_sessions_end(&job->sessions, w, FW_WORKER_LEFT);
        return FW_REFUSE(err, OUT_OF_MEMORY, "no memory for another worker");
    }
    fw_controller_members(&job->controller, fw_groups_asynchrony(job),
                          FW_MEMBER_JOINED, w->name, fw_job_version(job),
                          now_ms);
    *out = (struct fw_join_response){
        .epoch = w->epoch,
        .wire_dtype = w->dtype,
        .n_elements = job->n_elements,
        .chunk_elements = FW_CHUNK_ELEMENTS,
        .initialized = job->current != NULL,
        .version = fw_job_version(job),
        .incarnation = job->incarnation,
        .lease_ms = job->spec.limits.lease_ms,
        .heartbeat_ms = job->spec.limits.lease_ms / 3,
        .probe_interval = probe == UINT32_MAX ? 0 : probe,
        .protocol = FW_PROTOCOL,
        .probe = fw_controller_ask_probe(&job->controller, fw_job_version(job)),
    };
    memcpy(out->session, session, FW_SESSION_BYTES);
    return FW_OK;
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
        return fw_job_fenced(w, err);
    fw_sessions_heard(&job->sessions, w, now_ms);
    *epoch = w->epoch;
    *dtype = w->dtype;
    return FW_OK;
}

fw_status fw_job_touch(struct fw_job *job, uint64_t epoch, int64_t now_ms,
                       struct fw_err *err)
{
    fw_status s = fw_job_check(job, epoch, err);

    if (s == FW_OK)
        fw_sessions_heard(&job->sessions,
                          fw_sessions_by_epoch(&job->sessions, epoch), now_ms);
    return s;
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
    fw_groups_tick(job, now_ms);
    fw_controller_tick(&job->controller, fw_job_version(job), now_ms);
    fw_report_tick(&job->report, job->sessions.connected, now_ms);
}

fw_status fw_job_report(struct fw_job *job, const struct fw_report_request *r,
                        struct fw_err *err)
{
    if (r->version > fw_job_version(job) || !job->current)
        return FW_REFUSE(err, VERSION_AHEAD,
                         "a report of version %" PRIu64
                         ", the model is at %" PRIu64,
                         r->version, fw_job_version(job));
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
                                    fw_job_version(job), now_ms, err);

    if (s == FW_OK)
        snprintf(out->text, sizeof(out->text), "%s",
                 fw_decision_log_last(&job->controller.log)->sentence);
    return s;
}

struct fw_version *fw_job_base(struct fw_job *job, uint64_t epoch,
                               int64_t now_ms)
{
    struct fw_session *w = fw_sessions_by_epoch(&job->sessions, epoch);

    if (w && w->state == FW_WORKER_CONNECTED && fw_groups_on(&job->groups))
        return fw_groups_base(job, w, now_ms);
    return job->current ? fw_version_ref(job->current) : NULL;
}

int64_t fw_job_next_ms(const struct fw_job *job)
{
    int64_t group_ms = fw_groups_next_ms(job);
    int64_t lease_ms = fw_sessions_next_ms(&job->sessions);

    return group_ms < lease_ms ? group_ms : lease_ms;
}

void fw_job_hurry(struct fw_job *job, int64_t now_ms)
{
    job->groups.hurry = true;
    fw_groups_tick(job, now_ms);
}

void fw_job_drop_held(struct fw_job *job)
{
    struct fw_list *l;

    FW_LIST_EACH(l, &job->sessions.all) {
        struct fw_session *w = FW_LIST_ITEM(l, struct fw_session, link);
        struct fw_held *held = w->held;

        w->held = NULL;
        if (held)
            held->drop(held);
    }
}

void fw_job_durable(struct fw_job *job, uint64_t version, const char *path)
{
    job->durable_version = version;
    job->save_failures = 0;
    job->save_error[0] = '\0';
    snprintf(job->checkpoint, sizeof(job->checkpoint), "%s", path);
}

void fw_job_not_saved(struct fw_job *job, const char *why)
{
    job->save_failures++;
    snprintf(job->save_error, sizeof(job->save_error), "%s", why);
}
