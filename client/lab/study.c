#include "client/lab/study.h"

#include <math.h>
#include <stdlib.h>

#include "client/lab/crew.h"
#include "sdk/base/mem.h"

static size_t index_of(const struct fw_study *s, size_t cell, size_t arm,
                       size_t seed)
{
    return (cell * s->n_arms + arm) * s->n_seeds + seed;
}

static size_t total(const struct fw_study *s)
{
    return s->n_cells * s->n_arms * s->n_seeds;
}

const struct fw_record *fw_study_record(const struct fw_study *s, size_t cell,
                                        size_t arm, size_t seed)
{
    return &s->records[index_of(s, cell, arm, seed)];
}

/* The runs that are to be done now. */
struct batch {
    struct fw_study *study;
    size_t *runs; /* owned; indexes */
    size_t n;
};

static fw_status run_one(struct fw_study *s, size_t i, struct fw_err *err)
{
    size_t arm = i / s->n_seeds % s->n_arms;
    const struct fw_cell *cell = &s->cells[i / s->n_seeds / s->n_arms];
    struct fw_problem_plan problem_plan = {s->problem, s->data, s->batch};
    struct fw_problem problem = {0};
    struct fw_sim_plan plan = {
        .problem = &problem,
        .service = s->service,
        .arm = &s->arms[arm],
        .changes = s->changes,
        .n_changes = s->n_changes,
        .workers = cell->workers,
        .straggler = cell->straggler,
        .reference_momentum = s->reference_momentum,
        .reference_rate = s->reference_rate,
        .target_loss = s->target_loss,
        .max_time = s->max_time,
        .max_updates = s->max_updates,
        .check_every = s->check_every,
        .probe_interval = s->probe_interval,
        .unit_ms = s->unit_ms,
        .validate = s->validate,
        .wire = s->wire,
        .wire_share = s->wire_share,
        .seed = s->seed + i % s->n_seeds,
    };
    fw_status status = fw_problem_open(&problem, &problem_plan, err);

    if (status == FW_OK)
        status = fw_sim_run(&plan, &s->records[i], err);
    s->skipped[i] = status != FW_OK;
    fw_problem_close(&problem);
    return status;
}

static fw_status run_of_batch(void *user, size_t i, struct fw_err *err)
{
    struct batch *b = user;

    return run_one(b->study, b->runs[i], err);
}

static bool progress_of_batch(void *user, size_t done, size_t n)
{
    struct batch *b = user;

    return b->study->progress(b->study->user, done, n);
}

/* Room for records; all of them skipped until they have run. */
static fw_status allocate(struct fw_study *s, struct fw_err *err)
{
    size_t n = total(s);

    if (s->records)
        return FW_OK;
    s->records = fw_mem_array(n, sizeof(*s->records));
    s->skipped = fw_mem_array(n, sizeof(*s->skipped));
    if (!s->records || !s->skipped)
        return fw_err_set(err, FW_NOMEM, "no memory for %zu runs", n);
    for (size_t i = 0; i < n; i++)
        s->skipped[i] = true;
    return FW_OK;
}

static fw_status choose(struct fw_study *s,
                        bool (*only)(const struct fw_study *s, size_t cell,
                                     size_t arm, size_t seed),
                        struct batch *b)
{
    b->runs = fw_mem_array(total(s), sizeof(*b->runs));
    if (!b->runs)
        return FW_NOMEM;
    for (size_t i = 0; i < total(s); i++) {
        size_t cell = i / s->n_seeds / s->n_arms;
        size_t arm = i / s->n_seeds % s->n_arms;

        if (s->skipped[i] && (!only || only(s, cell, arm, i % s->n_seeds)))
            b->runs[b->n++] = i;
    }
    return FW_OK;
}

fw_status fw_study_run(struct fw_study *s,
                       bool (*only)(const struct fw_study *s, size_t cell,
                                    size_t arm, size_t seed),
                       struct fw_err *err)
{
    struct batch b = {.study = s};
    struct fw_crew crew = {
        .threads = s->threads, .run = run_of_batch, .user = &b};
    fw_status status = allocate(s, err);

    if (status == FW_OK)
        status = choose(s, only, &b);
    crew.n = b.n;
    crew.progress = s->progress ? progress_of_batch : NULL;
    if (status == FW_OK)
        status = fw_crew_work(&crew, err);
    free(b.runs);
    if (status != FW_OK)
        fw_study_close(s);
    return status;
}

void fw_study_close(struct fw_study *s)
{
    for (size_t i = 0; s->records && i < total(s); i++)
        fw_record_close(&s->records[i]);
    free(s->records);
    free(s->skipped);
    s->records = NULL;
    s->skipped = NULL;
}

static void add(struct fw_summary *sum, const struct fw_record *r)
{
    const struct fw_record_point *last = &r->points[r->n_points - 1];
    double work = (double)(r->gradients + r->probes);

    sum->runs++;
    sum->reached += r->reached;
    sum->diverged += r->diverged;
    sum->time += r->time_to_target;
    sum->updates += r->updates_to_target;
    sum->worker_seconds += r->worker_seconds;
    sum->loss += r->loss;
    sum->accuracy += r->accuracy;
    sum->worst_accuracy = fmin(sum->worst_accuracy, r->accuracy);
    sum->staleness += r->staleness.mean;
    sum->ratio += r->staleness.deviation_ratio;
    sum->momentum += last->momentum;
    sum->step += last->step;
    sum->probe_share += work > 0.0 ? (double)r->probes / work : 0.0;
}

void fw_study_summarise(const struct fw_study *s, size_t cell, size_t arm,
                        struct fw_summary *out)
{
    double *means[] = {&out->time,       &out->updates,  &out->worker_seconds,
                       &out->loss,       &out->accuracy, &out->staleness,
                       &out->ratio,      &out->momentum, &out->step,
                       &out->probe_share};

    *out = (struct fw_summary){.worst_accuracy = INFINITY};
    for (size_t seed = 0; seed < s->n_seeds; seed++) {
        size_t i = index_of(s, cell, arm, seed);

        if (!s->skipped[i])
            add(out, &s->records[i]);
    }
    for (size_t i = 0; i < sizeof(means) / sizeof(*means); i++)
        *means[i] = out->runs ? *means[i] / out->runs : NAN;
    if (!isfinite(out->worst_accuracy) || isnan(out->accuracy))
        out->worst_accuracy = NAN;
}
