#include <math.h>
#include <stdio.h>

#include "sdk/base/law.h"
#include "server/http/metrics.h"

#define MS          1000.0 /* in a second */
#define LABELS_MAX  192    /* bytes: a name and some words */
#define N_ITEMS(of) (sizeof(of) / sizeof((of)[0]))

typedef struct fw_job_status job;

/* How a number lies in a job's status. */
enum kind {
    COUNT, /* uint64_t */
    SMALL, /* uint32_t */
    MILLI, /* uint64_t of milliseconds, told in seconds */
    REAL,  /* double */
    KNOWN, /* double that is 0 while it is not known */
    MADE,  /* by a function */
};

struct number {
    const char *name;
    const char *help;
    enum fw_metric_type type;
    enum kind kind;
    size_t at;                  /* in the status; not of MADE */
    double (*of)(const job *j); /* of MADE */
};

static double known(double x)
{
    return x == 0.0 ? NAN : x;
}

static double received(const job *j)
{
    return (double)(j->gradients_applied + j->gradients_refused);
}

static double twin_seconds(const job *j)
{
    return j->momentum.twin_ms / MS;
}

static double degraded(const job *j)
{
    return j->checkpoint_failures >= FW_DEGRADED_FROM;
}

static double number_of(const job *j, const struct number *n)
{
    const void *at = (const char *)j + n->at;

    switch (n->kind) {
    case COUNT:
        return (double)*(const uint64_t *)at;
    case SMALL:
        return *(const uint32_t *)at;
    case MILLI:
        return (double)*(const uint64_t *)at / MS;
    case REAL:
        return *(const double *)at;
    case KNOWN:
        return known(*(const double *)at);
    case MADE:
        break;
    }
    return n->of(j);
}

static const struct number NUMBERS[] = {
    {"flywheel_job_version",
     "Version of the parameters: one more with each step.", FW_METRIC_GAUGE,
     COUNT, offsetof(job, version), NULL},
    {"flywheel_job_durable_version", "Newest version on disk; 0: none.",
     FW_METRIC_GAUGE, COUNT, offsetof(job, durable_version), NULL},
    {"flywheel_job_updates", "Steps of the optimizer, by versions.",
     FW_METRIC_COUNTER, COUNT, offsetof(job, version), NULL},
    {"flywheel_job_gradients_received", "Gradients that came whole.",
     FW_METRIC_COUNTER, MADE, 0, received},
    {"flywheel_job_gradients_applied", "Gradients that went into a step.",
     FW_METRIC_COUNTER, COUNT, offsetof(job, gradients_applied), NULL},
    {"flywheel_job_gradients_rejected", "Gradients that were refused.",
     FW_METRIC_COUNTER, COUNT, offsetof(job, gradients_refused), NULL},
    {"flywheel_job_gradients_clipped", "Gradients whose norm was cut.",
     FW_METRIC_COUNTER, COUNT, offsetof(job, gradients_clipped), NULL},
    {"flywheel_job_samples", "Samples in the gradients that were applied.",
     FW_METRIC_COUNTER, COUNT, offsetof(job, samples), NULL},
    {"flywheel_job_samples_per_second",
     "Samples in applied gradients, smoothed.", FW_METRIC_GAUGE, REAL,
     offsetof(job, samples_per_second), NULL},
    {"flywheel_job_gradients_per_second", "Applied gradients, smoothed.",
     FW_METRIC_GAUGE, REAL, offsetof(job, gradients_per_second), NULL},
    {"flywheel_job_parameters", "Numbers in the parameters.", FW_METRIC_GAUGE,
     COUNT, offsetof(job, n_elements), NULL},
    {"flywheel_job_groups", "Groups that step together; 0: every worker alone.",
     FW_METRIC_GAUGE, SMALL, offsetof(job, groups), NULL},
    {"flywheel_job_workers_lost", "Workers whose lease ran out.",
     FW_METRIC_COUNTER, COUNT, offsetof(job, workers_lost), NULL},
    {"flywheel_job_workers_quarantined", "Workers whose gradients are refused.",
     FW_METRIC_GAUGE, SMALL, offsetof(job, quarantined), NULL},
    {"flywheel_job_worker_seconds",
     "Time that workers were connected: the cost so far.", FW_METRIC_COUNTER,
     REAL, offsetof(job, worker_seconds), NULL},
    {"flywheel_job_age_seconds", "Time since the job was created or recovered.",
     FW_METRIC_GAUGE, MILLI, offsetof(job, age_ms), NULL},
    {"flywheel_job_staleness_mean",
     "Mean staleness of the last gradients, in versions.", FW_METRIC_GAUGE,
     REAL, offsetof(job, staleness.mean), NULL},
    {"flywheel_job_staleness_p50", "Median staleness of the last gradients.",
     FW_METRIC_GAUGE, COUNT, offsetof(job, staleness.p50), NULL},
    {"flywheel_job_staleness_p95",
     "95th percentile of the staleness of the last gradients.", FW_METRIC_GAUGE,
     COUNT, offsetof(job, staleness.p95), NULL},
    {"flywheel_job_staleness_p99",
     "99th percentile of the staleness of the last gradients.", FW_METRIC_GAUGE,
     COUNT, offsetof(job, staleness.p99), NULL},
    {"flywheel_job_learning_rate", "Learning rate of the next step.",
     FW_METRIC_GAUGE, REAL, offsetof(job, momentum.learning_rate), NULL},
    {"flywheel_job_effective_step",
     "Learning rate over one minus total momentum.", FW_METRIC_GAUGE, REAL,
     offsetof(job, momentum.effective_step), NULL},
    {"flywheel_job_step_bound",
     "Effective step above which training is unstable.", FW_METRIC_GAUGE, KNOWN,
     offsetof(job, momentum.step_bound), NULL},
    {"flywheel_job_reference_step",
     "Effective step that the job was configured for.", FW_METRIC_GAUGE, REAL,
     offsetof(job, momentum.reference_step), NULL},
    {"flywheel_job_curvature", "Curvature along the gradient, by probes.",
     FW_METRIC_GAUGE, KNOWN, offsetof(job, momentum.curvature), NULL},
    {"flywheel_job_twin_seconds",
     "Time that the last run of the stability twin took.", FW_METRIC_GAUGE,
     MADE, 0, twin_seconds},
    {"flywheel_job_probes_asked",
     "Curvature probes that workers were asked for.", FW_METRIC_COUNTER, COUNT,
     offsetof(job, momentum.probes_asked), NULL},
    {"flywheel_job_probes_used", "Curvature probes that were used.",
     FW_METRIC_COUNTER, COUNT, offsetof(job, momentum.probes_used), NULL},
    {"flywheel_job_loss_alarms",
     "Times that the rising loss made the controller brake.", FW_METRIC_COUNTER,
     COUNT, offsetof(job, momentum.loss_alarms), NULL},
    {"flywheel_job_training_loss", "Training loss, smoothed.", FW_METRIC_GAUGE,
     REAL, offsetof(job, loss.training), NULL},
    {"flywheel_job_validation_loss", "Last validation loss that was reported.",
     FW_METRIC_GAUGE, REAL, offsetof(job, loss.validation), NULL},
    {"flywheel_job_validation_accuracy_ratio",
     "Share that the last validation got right.", FW_METRIC_GAUGE, REAL,
     offsetof(job, loss.accuracy), NULL},
    {"flywheel_job_gradient_norm", "Norm of the last gradient.",
     FW_METRIC_GAUGE, REAL, offsetof(job, gradient_norm), NULL},
    {"flywheel_job_update_norm", "Norm of the last step.", FW_METRIC_GAUGE,
     REAL, offsetof(job, update_norm), NULL},
    {"flywheel_job_checkpoint_failures",
     "Checkpoints in a row that could not be saved.", FW_METRIC_GAUGE, SMALL,
     offsetof(job, checkpoint_failures), NULL},
    {"flywheel_job_checkpoints_bad",
     "Checkpoints that were set aside when the job was recovered.",
     FW_METRIC_GAUGE, SMALL, offsetof(job, checkpoints_bad), NULL},
    {"flywheel_job_memory_bytes",
     "Parameters, momentum and gradients that are held.", FW_METRIC_GAUGE,
     COUNT, offsetof(job, quota.memory_bytes), NULL},
    {"flywheel_job_memory_limit_bytes", "Most that may be held; 0: no limit.",
     FW_METRIC_GAUGE, COUNT, offsetof(job, quota.granted.memory_bytes), NULL},
    {"flywheel_job_throttled",
     "Times that a worker was made to wait for the rates of its job.",
     FW_METRIC_COUNTER, COUNT, offsetof(job, quota.waits), NULL},
    {"flywheel_job_throttled_seconds",
     "Time that workers were made to wait for the rates of their job.",
     FW_METRIC_COUNTER, REAL, offsetof(job, quota.waited_seconds), NULL},
    {"flywheel_job_degraded",
     "1 while checkpoints keep failing and training goes on unsaved.",
     FW_METRIC_GAUGE, MADE, 0, degraded},
};

static const struct fw_view_job *of_link(const struct fw_list *l)
{
    return (const struct fw_view_job *)((const char *)l -
                                        offsetof(struct fw_view_job, link));
}

static void job_label(char out[LABELS_MAX], const job *j)
{
    snprintf(out, LABELS_MAX, "job=\"%s\"", j->name);
}

/* A sample with one more label. */
static void labelled(struct fw_exposition *e, const char *suffix, const job *j,
                     const char *key, const char *value, double x)
{
    char labels[LABELS_MAX];

    snprintf(labels, sizeof(labels), "job=\"%s\",%s=\"%s\"", j->name, key,
             value);
    fw_exposition_sample(e, suffix, labels, x);
}

static void put_info(struct fw_exposition *e, const job *j)
{
    char labels[LABELS_MAX];

    snprintf(labels, sizeof(labels), "job=\"%s\",law=\"%s\",state=\"%s\"",
             j->name, fw_law_name(j->momentum.law),
             j->state == FW_JOB_TRAINING ? "training" : "waiting");
    fw_exposition_sample(e, "", labels, 1.0);
}

static void put_workers(struct fw_exposition *e, const job *j)
{
    uint32_t left = 0;
    uint32_t gone = 0;

    for (uint32_t i = 0; i < j->n_workers; i++) {
        left += j->worker[i].state == FW_WORKER_LEFT;
        gone += j->worker[i].state == FW_WORKER_LOST;
    }
    labelled(e, "", j, "state", "connected", j->workers);
    labelled(e, "", j, "state", "left", left);
    labelled(e, "", j, "state", "lost", gone);
}

static void put_momentum(struct fw_exposition *e, const job *j)
{
    const struct fw_momentum_status *m = &j->momentum;

    labelled(e, "", j, "kind", "explicit", m->momentum);
    labelled(e, "", j, "kind", "implicit_predicted", m->implicit_predicted);
    labelled(e, "", j, "kind", "implicit_measured", known(m->implicit_trace));
    labelled(e, "", j, "kind", "total", m->total_measured);
    labelled(e, "", j, "kind", "target", m->target);
    labelled(e, "", j, "kind", "reference", m->reference);
}

static void put_special(struct fw_exposition *e, const struct fw_view *view,
                        const char *name, const char *help,
                        void (*put)(struct fw_exposition *e, const job *j))
{
    const struct fw_list *l;

    fw_exposition_family(e, name, FW_METRIC_GAUGE, help);
    FW_LIST_EACH(l, &view->jobs)
        put(e, &of_link(l)->snapshot->status);
}

/* Taus from 0 on; the last bar of the counts is of all that are more. */
static void put_staleness_of(struct fw_exposition *e, const job *j)
{
    static const unsigned bounds[] = {0, 1, 2, 4, 8, 16, 32, 62};
    const uint64_t *bar = j->staleness.ever;
    double n = 0.0;
    char label[LABELS_MAX];
    unsigned k = 0;

    for (size_t i = 0; i < N_ITEMS(bounds); i++) {
        char le[8];

        for (; k <= bounds[i]; k++)
            n += (double)bar[k];
        snprintf(le, sizeof(le), "%u.0", bounds[i]);
        labelled(e, "_bucket", j, "le", le, n);
    }
    n += (double)bar[FW_HISTOGRAM_MAX - 1];
    labelled(e, "_bucket", j, "le", "+Inf", n);
    job_label(label, j);
    fw_exposition_sample(e, "_sum", label, (double)j->staleness.ever_sum);
    fw_exposition_sample(e, "_count", label, n);
}

static void put_staleness(struct fw_exposition *e, const struct fw_view *view)
{
    const struct fw_list *l;

    fw_exposition_family(e, "flywheel_job_staleness", FW_METRIC_HISTOGRAM,
                         "Staleness of applied gradients, in versions.");
    FW_LIST_EACH(l, &view->jobs)
        put_staleness_of(e, &of_link(l)->snapshot->status);
}

/* Since the last checkpoint; without one, since the job began. */
static void put_checkpoint_age(struct fw_exposition *e,
                               const struct fw_view *view, int64_t unix_ms)
{
    const struct fw_list *l;

    fw_exposition_family(e, "flywheel_job_checkpoint_age_seconds",
                         FW_METRIC_GAUGE,
                         "Time since the last checkpoint; without one, since "
                         "the job began.");
    FW_LIST_EACH(l, &view->jobs) {
        const struct fw_view_job *v = of_link(l);
        double age_s = v->saved_unix_ms
                           ? (double)(unix_ms - v->saved_unix_ms) / MS
                           : (double)v->snapshot->status.age_ms / MS;
        char label[LABELS_MAX];

        job_label(label, &v->snapshot->status);
        fw_exposition_sample(e, "", label, fmax(age_s, 0.0));
    }
}

void fw_metrics_jobs(struct fw_exposition *e, const struct fw_view *view,
                     int64_t unix_ms)
{
    const struct fw_list *l;

    put_special(e, view, "flywheel_job_info",
                "Always 1; its labels say what the job does.", put_info);
    put_special(e, view, "flywheel_job_workers",
                "Workers by state; those that went are kept for a while.",
                put_workers);
    put_special(e, view, "flywheel_job_momentum",
                "Momentum by kind: explicit is what the optimizer uses.",
                put_momentum);
    for (size_t i = 0; i < N_ITEMS(NUMBERS); i++) {
        const struct number *n = &NUMBERS[i];

        fw_exposition_family(e, n->name, n->type, n->help);
        FW_LIST_EACH(l, &view->jobs) {
            const job *j = &of_link(l)->snapshot->status;
            char label[LABELS_MAX];

            job_label(label, j);
            fw_exposition_sample(e, "", label, number_of(j, n));
        }
    }
    put_staleness(e, view);
    put_checkpoint_age(e, view, unix_ms);
}
