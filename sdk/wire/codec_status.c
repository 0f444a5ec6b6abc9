/* The status of a job: packed into generated structs and taken out again. */
#include "sdk/wire/codec_status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/text.h"

#define WORKERS_MAX 1000000u
#define TOTAL_KNOWN                                                            \
    FLYWHEEL__V1__MOMENTUM_STATUS__TOTAL_MEASURED_IF_KNOWN_TOTAL_MEASURED
#define TRAINING_KNOWN FLYWHEEL__V1__LOSS_STATUS__TRAINING_IF_KNOWN_TRAINING
#define VALIDATION_KNOWN                                                       \
    FLYWHEEL__V1__LOSS_STATUS__VALIDATION_IF_KNOWN_VALIDATION
#define ACCURACY_KNOWN FLYWHEEL__V1__LOSS_STATUS__ACCURACY_IF_KNOWN_ACCURACY

static void pack_momentum(const struct fw_momentum_status *m,
                          PB(MomentumStatus) * p)
{
    *p = (PB(MomentumStatus))PB_INIT(MOMENTUM_STATUS);
    p->law = (PB(Law))m->law;
    p->reference = m->reference;
    p->momentum = m->momentum;
    p->target = m->target;
    p->learning_rate = m->learning_rate;
    p->effective_step = m->effective_step;
    p->step_bound = m->step_bound;
    p->curvature = m->curvature;
    p->implicit_predicted = m->implicit_predicted;
    p->implicit_trace = m->implicit_trace;
    if (!isnan(m->total_measured)) {
        p->total_measured_if_known_case = TOTAL_KNOWN;
        p->total_measured = m->total_measured;
    }
    p->binding = (char *)m->binding;
    p->sentence = (char *)m->sentence;
    p->twin_ms = m->twin_ms;
    p->reference_step = m->reference_step;
    p->probes_asked = m->probes_asked;
    p->probes_used = m->probes_used;
    p->probes_refused = m->probes_refused;
    p->loss_alarms = m->loss_alarms;
}

static fw_status take_momentum(const PB(MomentumStatus) * p,
                               struct fw_momentum_status *m, struct fw_err *err)
{
    fw_status s = fw_take_enum("momentum.law", p->law, 0, FW_LAW_MANUAL, err);

    m->law = (enum fw_law)p->law;
    m->reference = p->reference;
    m->momentum = p->momentum;
    m->target = p->target;
    m->learning_rate = p->learning_rate;
    m->effective_step = p->effective_step;
    m->step_bound = p->step_bound;
    m->curvature = p->curvature;
    m->implicit_predicted = p->implicit_predicted;
    m->implicit_trace = p->implicit_trace;
    m->total_measured = p->total_measured_if_known_case == TOTAL_KNOWN
                            ? p->total_measured
                            : NAN;
    m->twin_ms = p->twin_ms;
    m->reference_step = p->reference_step;
    m->probes_asked = p->probes_asked;
    m->probes_used = p->probes_used;
    m->probes_refused = p->probes_refused;
    m->loss_alarms = p->loss_alarms;
    if (s == FW_OK)
        s = fw_text_take("momentum.binding", p->binding, m->binding,
                         sizeof(m->binding), err);
    if (s == FW_OK)
        s = fw_text_take("momentum.sentence", p->sentence, m->sentence,
                         sizeof(m->sentence), err);
    return s;
}

static void pack_staleness(const struct fw_staleness_status *m,
                           PB(StalenessStatus) * p)
{
    *p = (PB(StalenessStatus))PB_INIT(STALENESS_STATUS);
    p->samples = m->samples;
    p->mean = m->mean;
    p->deviation_ratio = m->deviation_ratio;
    p->p50 = m->p50;
    p->p95 = m->p95;
    p->p99 = m->p99;
    p->n_histogram = m->n_histogram;
    p->histogram = (uint64_t *)m->histogram;
}

static fw_status take_staleness(const PB(StalenessStatus) * p,
                                struct fw_staleness_status *m,
                                struct fw_err *err)
{
    m->samples = p->samples;
    m->mean = p->mean;
    m->deviation_ratio = p->deviation_ratio;
    m->p50 = p->p50;
    m->p95 = p->p95;
    m->p99 = p->p99;
    if (p->n_histogram > FW_HISTOGRAM_MAX)
        return FW_REFUSE(err, MESSAGE_INVALID, "histogram has %zu bars",
                         p->n_histogram);
    m->n_histogram = (uint32_t)p->n_histogram;
    for (size_t i = 0; i < p->n_histogram; i++)
        m->histogram[i] = p->histogram[i];
    return FW_OK;
}

static void pack_loss(const struct fw_loss_status *m, PB(LossStatus) * p)
{
    *p = (PB(LossStatus))PB_INIT(LOSS_STATUS);
    p->training_version = m->training_version;
    p->validation_version = m->validation_version;
    if (!isnan(m->training)) {
        p->training_if_known_case = TRAINING_KNOWN;
        p->training = m->training;
    }
    if (!isnan(m->validation)) {
        p->validation_if_known_case = VALIDATION_KNOWN;
        p->validation = m->validation;
    }
    if (!isnan(m->accuracy)) {
        p->accuracy_if_known_case = ACCURACY_KNOWN;
        p->accuracy = m->accuracy;
    }
}

static void take_loss(const PB(LossStatus) * p, struct fw_loss_status *m)
{
    m->training_version = p->training_version;
    m->validation_version = p->validation_version;
    if (p->training_if_known_case == TRAINING_KNOWN)
        m->training = p->training;
    if (p->validation_if_known_case == VALIDATION_KNOWN)
        m->validation = p->validation;
    if (p->accuracy_if_known_case == ACCURACY_KNOWN)
        m->accuracy = p->accuracy;
}

static void pack_worker(const struct fw_worker_status *m, PB(WorkerStatus) * p)
{
    *p = (PB(WorkerStatus))PB_INIT(WORKER_STATUS);
    p->name = (char *)m->name;
    p->epoch = m->epoch;
    p->state = (PB(WorkerState))m->state;
    p->silent_ms = m->silent_ms;
    p->gradients = m->gradients;
    p->refused = m->refused;
    p->samples = m->samples;
    p->gradients_per_second = m->gradients_per_second;
    p->staleness_mean = m->staleness_mean;
    p->base_version = m->base_version;
    p->wire_dtype = (PB(Dtype))m->wire_dtype;
    p->staleness_p95 = m->staleness_p95;
    p->group = m->group;
    p->strikes = m->strikes;
    p->quarantined = m->quarantined;
}

static fw_status take_worker(const PB(WorkerStatus) * p,
                             struct fw_worker_status *m, struct fw_err *err)
{
    fw_status s =
        fw_text_take_name("worker.name", p->name, m->name, false, err);

    if (s == FW_OK)
        s = fw_take_enum("worker.state", p->state, FW_WORKER_CONNECTED,
                         FW_WORKER_LEFT, err);
    m->epoch = p->epoch;
    m->state = (enum fw_worker_state)p->state;
    m->silent_ms = p->silent_ms;
    m->gradients = p->gradients;
    m->refused = p->refused;
    m->samples = p->samples;
    m->gradients_per_second = p->gradients_per_second;
    m->staleness_mean = p->staleness_mean;
    m->base_version = p->base_version;
    m->wire_dtype = (enum fw_dtype)p->wire_dtype;
    m->staleness_p95 = p->staleness_p95;
    m->group = p->group;
    m->strikes = p->strikes;
    m->quarantined = p->quarantined;
    return s;
}

static void pack_quota(const struct fw_quota_status *m, PB(QuotaStatus) * p)
{
    *p = (PB(QuotaStatus))PB_INIT(QUOTA_STATUS);
    p->memory_bytes = m->memory_bytes;
    p->memory_limit = m->granted.memory_bytes;
    p->bytes_per_second = m->granted.bytes_per_second;
    p->gradients_per_second = m->granted.gradients_per_second;
    p->waits = m->waits;
    p->waited_seconds = m->waited_seconds;
}

static void take_quota(const PB(QuotaStatus) * p, struct fw_quota_status *m)
{
    m->memory_bytes = p->memory_bytes;
    m->granted = (struct fw_quota_spec){p->memory_limit, p->bytes_per_second,
                                        p->gradients_per_second};
    m->waits = p->waits;
    m->waited_seconds = p->waited_seconds;
}

static void pack_counts(const struct fw_job_status *m, PB(JobStatus) * p)
{
    *p = (PB(JobStatus))PB_INIT(JOB_STATUS);
    p->name = (char *)m->name;
    p->state = (PB(JobState))m->state;
    p->version = m->version;
    p->durable_version = m->durable_version;
    p->incarnation = m->incarnation;
    p->workers = m->workers;
    p->n_elements = m->n_elements;
    p->samples = m->samples;
    p->samples_per_second = m->samples_per_second;
    p->gradients_per_second = m->gradients_per_second;
    p->gradients_applied = m->gradients_applied;
    p->gradients_refused = m->gradients_refused;
    p->groups = m->groups;
    p->workers_lost = m->workers_lost;
    p->checkpoint = (char *)m->checkpoint;
    p->checkpoint_failures = m->checkpoint_failures;
    p->checkpoint_error = (char *)m->checkpoint_error;
    p->checkpoints_bad = m->checkpoints_bad;
    p->gradients_clipped = m->gradients_clipped;
    p->quarantined = m->quarantined;
    p->gradient_norm = m->gradient_norm;
    p->update_norm = m->update_norm;
    p->age_ms = m->age_ms;
    p->worker_seconds = m->worker_seconds;
}

fw_status fw_packed_status_init(struct fw_packed_status *p,
                                const struct fw_job_status *m)
{
    pack_counts(m, &p->status);
    pack_momentum(&m->momentum, &p->momentum);
    pack_staleness(&m->staleness, &p->staleness);
    pack_loss(&m->loss, &p->loss);
    pack_quota(&m->quota, &p->quota);
    p->status.momentum = &p->momentum;
    p->status.staleness = &p->staleness;
    p->status.loss = &p->loss;
    p->status.quota = &p->quota;
    if (!fw_pack_list(m->n_workers, sizeof(PB(WorkerStatus)),
                      &p->status.worker))
        return FW_NOMEM;
    p->status.n_worker = m->n_workers;
    for (uint32_t i = 0; i < m->n_workers; i++)
        pack_worker(&m->worker[i], p->status.worker[i]);
    return FW_OK;
}

void fw_packed_status_close(struct fw_packed_status *p)
{
    free(p->status.worker);
    p->status.worker = NULL;
    p->status.n_worker = 0;
}

static void take_counts(const PB(JobStatus) * p, struct fw_job_status *m)
{
    m->state = (enum fw_job_state)p->state;
    m->version = p->version;
    m->durable_version = p->durable_version;
    m->incarnation = p->incarnation;
    m->workers = p->workers;
    m->n_elements = p->n_elements;
    m->samples = p->samples;
    m->samples_per_second = p->samples_per_second;
    m->gradients_per_second = p->gradients_per_second;
    m->gradients_applied = p->gradients_applied;
    m->gradients_refused = p->gradients_refused;
    m->groups = p->groups;
    m->workers_lost = p->workers_lost;
    m->gradient_norm = p->gradient_norm;
    m->update_norm = p->update_norm;
    m->age_ms = p->age_ms;
    m->worker_seconds = p->worker_seconds;
}

static fw_status take_workers(const PB(JobStatus) * p, struct fw_job_status *m,
                              struct fw_err *err)
{
    fw_status s = FW_OK;

    if (p->n_worker > WORKERS_MAX)
        return FW_REFUSE(err, MESSAGE_INVALID, "%zu workers", p->n_worker);
    m->worker = fw_mem_array(p->n_worker, sizeof(*m->worker));
    if (!m->worker)
        return fw_err_set(err, FW_NOMEM, "out of memory");
    m->n_workers = (uint32_t)p->n_worker;
    for (size_t i = 0; i < p->n_worker && s == FW_OK; i++)
        s = take_worker(p->worker[i], &m->worker[i], err);
    return s;
}

fw_status fw_take_status(const PB(JobStatus) * p, struct fw_job_status *m,
                         struct fw_err *err)
{
    fw_status s;

    *m = (struct fw_job_status){
        .loss = {.training = NAN, .validation = NAN, .accuracy = NAN},
        .momentum = {.total_measured = NAN},
    };
    if (!p)
        return FW_REFUSE(err, MESSAGE_INVALID, "job is missing");
    take_counts(p, m);
    s = fw_text_take_name("job.name", p->name, m->name, false, err);
    if (s == FW_OK)
        s = fw_take_enum("job.state", p->state, FW_JOB_WAITING, FW_JOB_TRAINING,
                         err);
    if (s == FW_OK)
        s = fw_text_take("job.checkpoint", p->checkpoint, m->checkpoint,
                         sizeof(m->checkpoint), err);
    m->checkpoint_failures = p->checkpoint_failures;
    m->checkpoints_bad = p->checkpoints_bad;
    m->gradients_clipped = p->gradients_clipped;
    m->quarantined = p->quarantined;
    if (s == FW_OK)
        s = fw_text_take("job.checkpoint_error", p->checkpoint_error,
                         m->checkpoint_error, sizeof(m->checkpoint_error), err);
    if (s == FW_OK && p->momentum)
        s = take_momentum(p->momentum, &m->momentum, err);
    if (s == FW_OK && p->staleness)
        s = take_staleness(p->staleness, &m->staleness, err);
    if (s == FW_OK && p->loss)
        take_loss(p->loss, &m->loss);
    if (s == FW_OK && p->quota)
        take_quota(p->quota, &m->quota);
    if (s == FW_OK)
        s = take_workers(p, m, err);
    if (s != FW_OK)
        fw_job_status_close(m);
    return s;
}
