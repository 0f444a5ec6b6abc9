#include "server/show/json.h"

#include <math.h>

#include "sdk/wire/tensor.h"
#include "server/momentum/staleness.h"

json_t *fw_json_real(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *count(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *tensors(const struct fw_tensor_list *l)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < l->n; i++) {
        const struct fw_tensor_spec *t = &l->items[i];
        json_t *shape = json_array();

        for (uint32_t k = 0; k < t->rank; k++)
            json_array_append_new(shape, count(t->shape[k]));
        json_array_append_new(
            list, json_pack("{s:s, s:o}", "name", t->name, "shape", shape));
    }
    return list;
}

static const char *schedule_name(enum fw_schedule_kind kind)
{
    switch (kind) {
    case FW_SCHEDULE_STEP:
        return "step";
    case FW_SCHEDULE_COSINE:
        return "cosine";
    case FW_SCHEDULE_CONSTANT:
        break;
    }
    return "constant";
}

static json_t *controller(const struct fw_controller_spec *c)
{
    return json_pack(
        "{s:s, s:o, s:o, s:b, s:o, s:s, s:o, s:o, s:o, s:o}", "law",
        fw_law_name(c->law), "reference_momentum",
        fw_json_real(c->reference_momentum), "reference_learning_rate",
        fw_json_real(c->reference_learning_rate), "allow_negative_momentum",
        c->allow_negative_momentum, "momentum_floor",
        fw_json_real(c->momentum_floor), "step_policy",
        c->step_policy == FW_STEP_KEEP_RATE ? "keep_rate" : "keep_effective",
        "probe_interval",
        count(c->probe_interval == UINT32_MAX ? 0 : c->probe_interval),
        "groups", c->groups_auto ? json_string("auto") : count(c->groups),
        "buffer", count(c->buffer), "straggler_deadline_ms",
        count(c->straggler_deadline_ms));
}

json_t *fw_json_spec(const struct fw_job_spec *s)
{
    const struct fw_optimizer_spec *o = &s->optimizer;
    const struct fw_schedule_spec *h = &s->schedule;
    const struct fw_limits_spec *l = &s->limits;
    json_t *optimizer = json_pack("{s:b, s:o, s:o, s:o}", "nesterov",
                                  o->nesterov, "l2", fw_json_real(o->l2),
                                  "weight_decay", fw_json_real(o->weight_decay),
                                  "clip_norm", fw_json_real(o->clip_norm));
    json_t *schedule =
        json_pack("{s:s, s:o, s:o, s:o, s:o}", "kind", schedule_name(h->kind),
                  "period", count(h->period), "factor", fw_json_real(h->factor),
                  "final", fw_json_real(h->final), "warmup", count(h->warmup));
    json_t *limits = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "max_workers",
        count(l->max_workers), "max_staleness", count(l->max_staleness),
        "buffer_bytes", count(l->buffer_bytes), "lease_ms", count(l->lease_ms),
        "outlier_norm", fw_json_real(l->outlier_norm), "outlier_reject",
        l->outlier_reject, "memory_bytes", count(l->quota.memory_bytes),
        "bytes_per_second", count(l->quota.bytes_per_second),
        "gradients_per_second", fw_json_real(l->quota.gradients_per_second));

    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", s->name,
                     "n_elements", count(fw_tensor_list_elements(&s->tensors)),
                     "tensors", tensors(&s->tensors), "optimizer", optimizer,
                     "schedule", schedule, "controller",
                     controller(&s->controller), "limits", limits);
}

json_t *fw_json_names(const struct fw_job_names *names)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < names->n; i++)
        json_array_append_new(list, json_string(names->items[i]));
    return list;
}

static const char *worker_state(enum fw_worker_state state)
{
    switch (state) {
    case FW_WORKER_CONNECTED:
        return "connected";
    case FW_WORKER_LOST:
        return "lost";
    case FW_WORKER_LEFT:
        return "left";
    }
    return "unknown";
}

json_t *fw_json_worker(const struct fw_worker_status *w)
{
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:b, s:s}",
        "name", w->name, "state", worker_state(w->state), "epoch",
        count(w->epoch), "silent_ms", count(w->silent_ms), "gradients",
        count(w->gradients), "refused", count(w->refused), "samples",
        count(w->samples), "gradients_per_second",
        fw_json_real(w->gradients_per_second), "staleness_mean",
        fw_json_real(w->staleness_mean), "staleness_p95",
        count(w->staleness_p95), "base_version", count(w->base_version),
        "group", count(w->group), "strikes", count(w->strikes), "quarantined",
        w->quarantined, "wire", fw_dtype_name(w->wire_dtype));
}

static json_t *momentum(const struct fw_momentum_status *m)
{
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, "
        "s:o, s:o, s:o, s:o, s:o, s:o}",
        "law", fw_law_name(m->law), "reference", fw_json_real(m->reference),
        "momentum", fw_json_real(m->momentum), "target",
        fw_json_real(m->target), "learning_rate",
        fw_json_real(m->learning_rate), "effective_step",
        fw_json_real(m->effective_step), "step_bound",
        fw_json_real(m->step_bound), "curvature", fw_json_real(m->curvature),
        "implicit_predicted", fw_json_real(m->implicit_predicted),
        "implicit_trace", fw_json_real(m->implicit_trace), "total_measured",
        fw_json_real(m->total_measured), "binding", m->binding, "sentence",
        m->sentence, "twin_ms", fw_json_real(m->twin_ms), "reference_step",
        fw_json_real(m->reference_step), "probes_asked", count(m->probes_asked),
        "probes_used", count(m->probes_used), "probes_refused",
        count(m->probes_refused), "loss_alarms", count(m->loss_alarms));
}

/* The measured bars, and beside them those of memoryless workers. */
static json_t *staleness(const struct fw_staleness_status *s, uint32_t workers)
{
    json_t *bars = json_array();
    json_t *geometric = json_array();

    for (uint32_t i = 0; i < s->n_histogram && i < FW_HISTOGRAM_MAX; i++) {
        json_array_append_new(bars, count(s->histogram[i]));
        json_array_append_new(geometric,
                              fw_json_real((double)s->samples *
                                           fw_staleness_geometric(workers, i)));
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "samples",
                     count(s->samples), "mean", fw_json_real(s->mean),
                     "deviation_ratio", fw_json_real(s->deviation_ratio), "p50",
                     count(s->p50), "p95", count(s->p95), "p99", count(s->p99),
                     "histogram", bars, "geometric", geometric);
}

static json_t *loss(const struct fw_loss_status *l)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o}", "training", fw_json_real(l->training),
        "training_version", count(l->training_version), "validation",
        fw_json_real(l->validation), "accuracy", fw_json_real(l->accuracy),
        "validation_version", count(l->validation_version));
}

static json_t *quota(const struct fw_quota_status *q)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "memory_bytes",
                     count(q->memory_bytes), "memory_limit",
                     count(q->granted.memory_bytes), "bytes_per_second",
                     count(q->granted.bytes_per_second), "gradients_per_second",
                     fw_json_real(q->granted.gradients_per_second), "waits",
                     count(q->waits), "waited_seconds",
                     fw_json_real(q->waited_seconds));
}

/* The counters of a job, to which the rest is added. */
static json_t *counters(const struct fw_job_status *j)
{
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "name", j->name, "state",
        j->state == FW_JOB_WAITING ? "waiting" : "training", "version",
        count(j->version), "durable_version", count(j->durable_version),
        "workers", count(j->workers), "groups", count(j->groups), "n_elements",
        count(j->n_elements), "samples", count(j->samples),
        "samples_per_second", fw_json_real(j->samples_per_second),
        "gradients_per_second", fw_json_real(j->gradients_per_second),
        "gradients_applied", count(j->gradients_applied), "gradients_refused",
        count(j->gradients_refused), "workers_lost", count(j->workers_lost));
}

double fw_probe_share(const struct fw_job_status *j)
{
    const struct fw_momentum_status *m = &j->momentum;
    double probes = (double)(m->probes_used + m->probes_refused);
    double all = probes + (double)(j->gradients_applied + j->gradients_refused);

    return all > 0.0 ? 100.0 * probes / all : NAN;
}

json_t *fw_json_job(const struct fw_job_status *j)
{
    json_t *out = counters(j);
    json_t *workers = json_array();
    json_t *mu = momentum(&j->momentum);

    for (uint32_t i = 0; i < j->n_workers; i++)
        json_array_append_new(workers, fw_json_worker(&j->worker[i]));
    json_object_set_new(mu, "probe_share_percent",
                        fw_json_real(fw_probe_share(j)));
    json_object_set_new(out, "momentum", mu);
    json_object_set_new(out, "staleness", staleness(&j->staleness, j->workers));
    json_object_set_new(out, "loss", loss(&j->loss));
    json_object_set_new(out, "worker", workers);
    json_object_set_new(out, "checkpoint", json_string(j->checkpoint));
    json_object_set_new(
        out, "degraded",
        json_boolean(j->checkpoint_failures >= FW_DEGRADED_FROM));
    json_object_set_new(out, "checkpoint_failures",
                        json_integer(j->checkpoint_failures));
    json_object_set_new(out, "checkpoint_error",
                        json_string(j->checkpoint_error));
    json_object_set_new(out, "gradients_clipped", count(j->gradients_clipped));
    json_object_set_new(out, "quarantined", count(j->quarantined));
    json_object_set_new(out, "checkpoints_bad",
                        json_integer(j->checkpoints_bad));
    json_object_set_new(out, "quota", quota(&j->quota));
    json_object_set_new(out, "incarnation", count(j->incarnation));
    json_object_set_new(out, "gradient_norm", fw_json_real(j->gradient_norm));
    json_object_set_new(out, "update_norm", fw_json_real(j->update_norm));
    json_object_set_new(out, "age_ms", count(j->age_ms));
    json_object_set_new(out, "worker_seconds", fw_json_real(j->worker_seconds));
    return out;
}

json_t *fw_json_server(const struct fw_server_status *s)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:b}", "version", s->version,
                     "incarnation", count(s->incarnation), "uptime_ms",
                     count(s->uptime_ms), "jobs", count(s->jobs), "draining",
                     s->draining);
}

json_t *fw_json_decision(const struct fw_decision_message *d)
{
    json_t *out =
        json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "index",
                  count(d->index), "unix_ms", count((uint64_t)d->unix_ms),
                  "version", count(d->version), "workers", count(d->workers),
                  "law", fw_law_name(d->law), "momentum_before",
                  fw_json_real(d->momentum_before), "momentum_after",
                  fw_json_real(d->momentum_after), "learning_rate_before",
                  fw_json_real(d->learning_rate_before), "learning_rate_after",
                  fw_json_real(d->learning_rate_after));

    json_object_set_new(out, "staleness_mean", fw_json_real(d->staleness_mean));
    json_object_set_new(out, "staleness_deviation_ratio",
                        fw_json_real(d->staleness_deviation_ratio));
    json_object_set_new(out, "curvature", fw_json_real(d->curvature));
    json_object_set_new(out, "step_bound", fw_json_real(d->step_bound));
    json_object_set_new(out, "binding", json_string(d->binding));
    json_object_set_new(out, "cause", json_string(d->cause));
    json_object_set_new(out, "who", json_string(d->who));
    json_object_set_new(out, "why", json_string(d->why));
    json_object_set_new(out, "sentence", json_string(d->sentence));
    return out;
}
