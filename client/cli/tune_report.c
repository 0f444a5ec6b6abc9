#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/cli/show.h"
#include "client/cli/tune.h"
#include "sdk/base/mem.h"
#include "sdk/base/words.h"

#define COLUMNS 7u

/* Some number of each row, a line for each way to train. */
static void figure(const struct fw_tune *t, struct fw_page *p,
                   const char *title, const char *y_name,
                   double (*get)(const struct fw_tune *t,
                                 const struct fw_tune_row *r))
{
    size_t n = t->study.n_cells;
    double *x = fw_mem_array(n * (t->n_arms + 1), sizeof(*x));
    struct fw_draw_line lines[FW_TUNE_ARMS];
    struct fw_chart chart = {.title = title,
                             .x_name = "workers",
                             .y_name = y_name,
                             .log_x = true,
                             .level = NAN,
                             .lines = lines,
                             .n_lines = t->n_arms};

    if (!x) {
        p->status = FW_NOMEM;
        return;
    }
    for (size_t i = 0; i < n * (t->n_arms + 1); i++)
        x[i] = NAN;
    for (size_t a = 0; a < t->n_arms; a++) {
        double *y = x + (a + 1) * n;

        lines[a] = (struct fw_draw_line){t->arms[a].name, x, y, n};
        for (size_t i = 0; i < t->n_rows; i++) {
            if (t->rows[i].arm == a)
                y[i / t->n_arms] = get(t, &t->rows[i]);
        }
    }
    for (size_t c = 0; c < n; c++)
        x[c] = t->study.cells[c].workers;
    fw_page_chart(p, &chart);
    free(x);
}

static double time_of(const struct fw_tune *t, const struct fw_tune_row *r)
{
    (void)t;
    return r->seen.time;
}

static double cost_of(const struct fw_tune *t, const struct fw_tune_row *r)
{
    (void)t;
    return isfinite(r->seen.time) ? r->seen.worker_seconds : NAN;
}

static double momentum_of(const struct fw_tune *t, const struct fw_tune_row *r)
{
    (void)t;
    return r->seen.momentum;
}

static void table(const struct fw_tune *t, struct fw_page *p)
{
    static const char *const head[COLUMNS] = {
        "workers",  "way",         "reached", "time to target",
        "accuracy", "worker-time", "momentum"};

    fw_page_table_begin(p);
    fw_page_row(p, head, COLUMNS, true);
    for (size_t i = 0; i < t->n_rows; i++) {
        const struct fw_tune_row *r = &t->rows[i];
        char text[COLUMNS][FW_ARM_NAME_MAX];
        const char *cells[COLUMNS];

        snprintf(text[0], sizeof(text[0]), "%u%s", r->workers,
                 r == t->best ? " (recommended)" : "");
        snprintf(text[1], sizeof(text[1]), "%s", t->arms[r->arm].name);
        snprintf(text[2], sizeof(text[2]), "%u of %u", r->seen.reached,
                 r->seen.runs);
        fw_show_number(text[3], r->seen.time, 1);
        fw_show_number(text[4], r->seen.accuracy, 4);
        fw_show_number(text[5], r->seen.worker_seconds, 0);
        fw_show_number(text[6], r->seen.momentum, 3);
        for (size_t k = 0; k < COLUMNS; k++)
            cells[k] = text[k];
        fw_page_row(p, cells, COLUMNS, false);
    }
    fw_page_table_end(p);
}

fw_status fw_tune_report(const struct fw_tune *t, const char *path,
                         struct fw_err *err)
{
    struct fw_page p = {0};

    fw_page_begin(&p, "flywheel tune");
    fw_page_words(&p,
                  "%s on %s.  One worker: momentum %g, learning rate %g, by "
                  "successive halving of %zu candidates.  Target: training "
                  "loss %.4g; times in %s.",
                  t->model, t->data, t->candidates[0].momentum,
                  t->candidates[0].rate, t->n_candidates, t->target,
                  t->live ? "seconds" : "mean times of a gradient");
    if (t->best)
        fw_page_words(&p, "Recommended: %u worker%s, %s.", t->best->workers,
                      fw_plural(t->best->workers), t->arms[t->best->arm].name);
    figure(t, &p, "Time to the target", "time", time_of);
    figure(t, &p, "Cost of getting there", "worker-time", cost_of);
    figure(t, &p, "Explicit momentum at the end", "momentum", momentum_of);
    table(t, &p);
    return fw_page_write(&p, t->line, path, err);
}
