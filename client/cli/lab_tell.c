#include "client/cli/lab_tell.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/cli/show.h"
#include "sdk/base/mem.h"
#include "server/momentum/staleness.h"

#define COLUMNS 11u

static const char *const columns[COLUMNS] = {
    "workers",  "arm",      "reached", "time",      "updates", "loss",
    "accuracy", "momentum", "step",    "staleness", "worker-s"};

void fw_lab_cell_name(const struct fw_cell *c, char *out, size_t size)
{
    if (c->straggler > 0.0)
        snprintf(out, size, "%u, one %gx slower", c->workers, c->straggler);
    else
        snprintf(out, size, "%u", c->workers);
}

/* One line's texts. */
struct row {
    char text[COLUMNS][48];
    const char *cells[COLUMNS];
};

static void fill(const struct fw_study *s, size_t cell, size_t arm,
                 struct row *r)
{
    struct fw_summary m;
    const double numbers[COLUMNS] = {0};
    int digits[COLUMNS] = {0, 0, 0, 1, 0, 4, 4, 3, 4, 1, 0};
    double values[COLUMNS];

    (void)numbers;
    fw_study_summarise(s, cell, arm, &m);
    values[3] = m.time;
    values[4] = m.updates;
    values[5] = m.loss;
    values[6] = m.accuracy;
    values[7] = m.momentum;
    values[8] = m.step;
    values[9] = m.staleness;
    values[10] = m.worker_seconds;
    fw_lab_cell_name(&s->cells[cell], r->text[0], sizeof(r->text[0]));
    snprintf(r->text[1], sizeof(r->text[1]), "%s", s->arms[arm].name);
    if (isnan(s->target_loss))
        snprintf(r->text[2], sizeof(r->text[2]), "%u diverged", m.diverged);
    else
        snprintf(r->text[2], sizeof(r->text[2]), "%u of %u", m.reached, m.runs);
    for (size_t i = 3; i < COLUMNS; i++)
        fw_show_number(r->text[i], values[i], digits[i]);
    fw_show_loss(r->text[5], m.loss);
    for (size_t i = 0; i < COLUMNS; i++)
        r->cells[i] = r->text[i];
}

static void print(const char *const *cells)
{
    printf("%-22s %-18s %10s", cells[0], cells[1], cells[2]);
    for (size_t i = 3; i < COLUMNS; i++)
        printf(" %9s", cells[i]);
    putchar('\n');
}

void fw_lab_tell_table(const struct fw_study *s)
{
    struct row r;

    print(columns);
    for (size_t c = 0; c < s->n_cells; c++) {
        for (size_t a = 0; a < s->n_arms; a++) {
            fill(s, c, a, &r);
            print(r.cells);
        }
    }
}

static json_t *points(const struct fw_record *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->n_points; i++) {
        const struct fw_record_point *p = &r->points[i];

        json_array_append_new(
            list,
            json_pack("{s:f, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:f, s:i, "
                      "s:i}",
                      "time", p->time, "updates", (json_int_t)p->updates,
                      "loss", fw_json_real(p->loss), "momentum",
                      fw_json_real(p->momentum), "learning_rate",
                      fw_json_real(p->rate), "effective_step",
                      fw_json_real(p->step), "step_bound",
                      fw_json_real(p->bound), "curvature",
                      fw_json_real(p->curvature), "staleness", p->staleness,
                      "workers", (int)p->workers, "groups", (int)p->groups));
    }
    return list;
}

static json_t *run(const struct fw_study *s, const struct fw_record *r,
                   size_t seed)
{
    json_t *bars = json_array();
    uint64_t number = s->seed + seed;

    for (size_t i = 0; i < r->n_bars; i++)
        json_array_append_new(bars, json_integer((json_int_t)r->bars[i]));
    return json_pack(
        "{s:I, s:b, s:b, s:o, s:o, s:f, s:I, s:o, s:o, s:o, s:I, s:I, s:I, "
        "s:f, s:{s:f, s:f, s:i, s:i, s:i, s:o}, s:o}",
        "seed", (json_int_t)number, "reached", r->reached, "diverged",
        r->diverged, "time_to_target", fw_json_real(r->time_to_target),
        "updates_to_target", fw_json_real(r->updates_to_target), "time",
        r->time, "updates", (json_int_t)r->updates, "final_loss",
        fw_json_real(r->loss), "validation_loss", fw_json_real(r->validation),
        "accuracy", fw_json_real(r->accuracy), "gradients",
        (json_int_t)r->gradients, "probes", (json_int_t)r->probes, "refused",
        (json_int_t)r->refused, "worker_seconds", r->worker_seconds,
        "staleness", "mean", r->staleness.mean, "deviation_ratio",
        r->staleness.deviation_ratio, "p50", (int)r->staleness.p50, "p95",
        (int)r->staleness.p95, "p99", (int)r->staleness.p99, "histogram", bars,
        "trajectory", points(r));
}

static json_t *arm_of(const struct fw_study *s, size_t cell, size_t arm)
{
    json_t *runs = json_array();
    struct fw_summary m;

    fw_study_summarise(s, cell, arm, &m);
    for (size_t i = 0; i < s->n_seeds; i++) {
        const struct fw_record *r = fw_study_record(s, cell, arm, i);

        if (r->n_points)
            json_array_append_new(runs, run(s, r, i));
    }
    return json_pack(
        "{s:s, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o}",
        "arm", s->arms[arm].name, "runs", (int)m.runs, "reached",
        (int)m.reached, "diverged", (int)m.diverged, "time_to_target",
        fw_json_real(m.time), "updates_to_target", fw_json_real(m.updates),
        "final_loss", fw_json_real(m.loss), "accuracy",
        fw_json_real(m.accuracy), "worst_accuracy",
        fw_json_real(m.worst_accuracy), "momentum", fw_json_real(m.momentum),
        "effective_step", fw_json_real(m.step), "worker_seconds",
        fw_json_real(m.worker_seconds), "probe_share",
        fw_json_real(m.probe_share), "seeds", runs);
}

json_t *fw_lab_tell_json(const struct fw_study *s, const char *command)
{
    json_t *cells = json_array();

    for (size_t c = 0; c < s->n_cells; c++) {
        json_t *arms = json_array();

        for (size_t a = 0; a < s->n_arms; a++)
            json_array_append_new(arms, arm_of(s, c, a));
        json_array_append_new(cells,
                              json_pack("{s:i, s:f, s:o}", "workers",
                                        (int)s->cells[c].workers, "straggler",
                                        s->cells[c].straggler, "arms", arms));
    }
    return json_pack("{s:s, s:s, s:f, s:f, s:o, s:I, s:i, s:o}", "command",
                     command, "problem", s->problem, "reference_momentum",
                     s->reference_momentum, "reference_learning_rate",
                     s->reference_rate, "target_loss",
                     fw_json_real(s->target_loss), "seed", (json_int_t)s->seed,
                     "seeds", (int)s->n_seeds, "cells", cells);
}

/* --- the page --- */

enum what { LOSS, MOMENTUM, STEP };

static double value_of(const struct fw_record_point *p, enum what what)
{
    switch (what) {
    case LOSS:
        return p->loss;
    case MOMENTUM:
        return p->momentum;
    case STEP:
        break;
    }
    return p->step;
}

/* Each arm's first seed over virtual time. */
static void curves(const struct fw_study *s, size_t cell, enum what what,
                   struct fw_page *p)
{
    static const char *const titles[] = {"Training loss", "Explicit momentum",
                                         "Effective step"};
    struct fw_draw_line lines[FW_DRAW_LINES_MAX];
    struct fw_chart chart = {.title = titles[what],
                             .x_name = "virtual time (mean service times)",
                             .y_name = titles[what],
                             .log_y = what != MOMENTUM,
                             .level = what == LOSS ? s->target_loss : NAN,
                             .lines = lines};
    double *numbers[FW_DRAW_LINES_MAX] = {0};

    for (size_t a = 0; a < s->n_arms && chart.n_lines < FW_DRAW_LINES_MAX;
         a++) {
        const struct fw_record *r = fw_study_record(s, cell, a, 0);
        double *x = fw_mem_array(2 * r->n_points + 1, sizeof(*x));

        if (!x)
            break;
        for (size_t i = 0; i < r->n_points; i++) {
            x[i] = r->points[i].time;
            x[r->n_points + i] = value_of(&r->points[i], what);
        }
        numbers[chart.n_lines] = x;
        lines[chart.n_lines++] = (struct fw_draw_line){
            s->arms[a].name, x, x + r->n_points, r->n_points};
    }
    fw_page_chart(p, &chart);
    for (size_t i = 0; i < chart.n_lines; i++)
        free(numbers[i]);
}

static void histogram(const struct fw_study *s, size_t cell, struct fw_page *p)
{
    const struct fw_record *r = fw_study_record(s, cell, s->n_arms - 1, 0);
    double bars[FW_RECORD_BARS];
    double law[FW_RECORD_BARS];
    struct fw_bars b = {.title = "Staleness of the last arm",
                        .x_name = "staleness (versions)",
                        .bars = bars,
                        .law = law,
                        .law_name = "geometric law",
                        .n = r->n_bars};

    for (size_t i = 0; i < r->n_bars; i++) {
        bars[i] = r->staleness.n ? (double)r->bars[i] / r->staleness.n : 0.0;
        law[i] = fw_staleness_geometric(s->cells[cell].workers, (uint32_t)i);
    }
    fw_page_bars(p, &b);
}

static void table(const struct fw_study *s, size_t cell, struct fw_page *p)
{
    struct row r;

    fw_page_table_begin(p);
    fw_page_row(p, columns, COLUMNS, true);
    for (size_t a = 0; a < s->n_arms; a++) {
        fill(s, cell, a, &r);
        fw_page_row(p, r.cells, COLUMNS, false);
    }
    fw_page_table_end(p);
}

/* The main figure: how each arm fares as workers join. */
static void against_workers(const struct fw_study *s, bool momentum,
                            struct fw_page *p)
{
    struct fw_draw_line lines[FW_DRAW_LINES_MAX];
    struct fw_chart chart = {
        .title = momentum ? "Explicit momentum against workers"
                          : "Virtual time to the target against workers",
        .x_name = "workers",
        .y_name = momentum ? "explicit momentum at the end" : "virtual time",
        .log_x = true,
        .log_y = !momentum,
        .level = NAN,
        .lines = lines};
    double *x = fw_mem_array(s->n_cells * (FW_DRAW_LINES_MAX + 1), sizeof(*x));
    struct fw_summary m;

    for (size_t c = 0; x && c < s->n_cells; c++)
        x[c] = s->cells[c].workers;
    for (size_t a = 0; x && a < s->n_arms && a < FW_DRAW_LINES_MAX; a++) {
        double *y = x + (a + 1) * s->n_cells;

        for (size_t c = 0; c < s->n_cells; c++) {
            fw_study_summarise(s, c, a, &m);
            y[c] = momentum ? m.momentum : m.time;
        }
        lines[chart.n_lines++] =
            (struct fw_draw_line){s->arms[a].name, x, y, s->n_cells};
    }
    fw_page_chart(p, &chart);
    free(x);
}

void fw_lab_tell_page(const struct fw_study *s, struct fw_page *p)
{
    fw_page_words(p,
                  "Problem %s, reference momentum %g and learning rate %g, %u "
                  "seeds from %llu.  Curves show the first seed, tables the "
                  "mean of all; a dash is a value that not every seed has.",
                  s->problem, s->reference_momentum, s->reference_rate,
                  s->n_seeds, (unsigned long long)s->seed);
    if (s->n_cells > 1 && !isnan(s->target_loss))
        against_workers(s, false, p);
    if (s->n_cells > 1)
        against_workers(s, true, p);
    for (size_t c = 0; c < s->n_cells; c++) {
        char name[64];
        char title[96];

        fw_lab_cell_name(&s->cells[c], name, sizeof(name));
        snprintf(title, sizeof(title), "Workers: %s", name);
        fw_page_heading(p, title);
        table(s, c, p);
        curves(s, c, LOSS, p);
        curves(s, c, MOMENTUM, p);
        curves(s, c, STEP, p);
        histogram(s, c, p);
    }
}
