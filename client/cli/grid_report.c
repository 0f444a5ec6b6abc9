#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/cli/grid.h"
#include "client/cli/lab_tell.h"
#include "sdk/base/mem.h"
#include "sdk/base/words.h"

/* The paper's central figure: the best explicit momentum against workers, and
 * what the laws chose. */
static void momentum_figure(const struct fw_grid *g, const struct fw_study *s,
                            struct fw_page *p)
{
    struct fw_draw_line lines[FW_DRAW_LINES_MAX];
    struct fw_chart chart = {
        .title = "Best explicit momentum against workers, and the laws' choice",
        .x_name = "workers",
        .y_name = "explicit momentum",
        .log_x = true,
        .level = 0.0,
        .lines = lines};
    double *x = fw_mem_array(s->n_cells * (FW_DRAW_LINES_MAX + 1), sizeof(*x));
    struct fw_summary m;

    for (size_t c = 0; x && c < s->n_cells; c++) {
        size_t best = fw_grid_best(g, s, c);

        x[c] = s->cells[c].workers;
        x[s->n_cells + c] = best < g->n_points ? s->arms[best].momentum : NAN;
    }
    if (x)
        lines[chart.n_lines++] = (struct fw_draw_line){
            "best of grid", x, x + s->n_cells, s->n_cells};
    for (size_t i = 0; x && i < g->n_laws && chart.n_lines < FW_DRAW_LINES_MAX;
         i++) {
        double *y = x + (chart.n_lines + 1) * s->n_cells;

        for (size_t c = 0; c < s->n_cells; c++) {
            fw_study_summarise(s, c, g->n_points + i, &m);
            y[c] = m.momentum;
        }
        lines[chart.n_lines++] = (struct fw_draw_line){
            s->arms[g->n_points + i].name, x, y, s->n_cells};
    }
    fw_page_chart(p, &chart);
    free(x);
}

static void regret_table(const struct fw_grid *g, const struct fw_study *s,
                         struct fw_page *p)
{
    char text[FW_ARMS_MAX + 4][32];
    const char *cells[FW_ARMS_MAX + 4];

    fw_page_table_begin(p);
    for (size_t c = 0; c <= s->n_cells; c++) {
        size_t best = c ? fw_grid_best(g, s, c - 1) : g->n_points;
        size_t n = 0;

        if (c)
            fw_lab_cell_name(&s->cells[c - 1], text[n++], sizeof(text[0]));
        else
            snprintf(text[n++], sizeof(text[0]), "workers");
        snprintf(text[n++], sizeof(text[0]), c ? "%.3g" : "best momentum",
                 best < g->n_points ? s->arms[best].momentum : NAN);
        snprintf(text[n++], sizeof(text[0]), c ? "%.3g" : "best rate",
                 best < g->n_points ? s->arms[best].rate : NAN);
        for (size_t i = 0; i < g->n_laws; i++)
            if (c)
                snprintf(text[n++], sizeof(text[0]), "%.2f",
                         fw_grid_regret(g, s, c - 1, i));
            else
                snprintf(text[n++], sizeof(text[0]), "%.20s regret",
                         s->arms[g->n_points + i].name);
        for (size_t i = 0; i < n; i++)
            cells[i] = text[i];
        fw_page_row(p, cells, n, c == 0);
    }
    fw_page_table_end(p);
}

static void heat(const struct fw_grid *g, const struct fw_study *s, size_t cell,
                 struct fw_page *p)
{
    double *values = fw_mem_array(g->n_points, sizeof(*values));
    char name[64];
    char title[128];
    struct fw_heat h = {.title = title,
                        .x_name = "learning rate",
                        .y_name = "momentum",
                        .x = g->rates.items,
                        .y = g->momenta.items,
                        .n_x = g->rates.n,
                        .n_y = g->momenta.n,
                        .values = values};

    if (!values)
        return;
    fw_lab_cell_name(&s->cells[cell], name, sizeof(name));
    snprintf(title, sizeof(title), "Updates to the target, workers: %s", name);
    for (size_t i = 0; i < g->n_points; i++) {
        double mean = fw_grid_updates(s, cell, i);

        values[i] = isinf(mean) ? fw_grid_first_updates(s, cell, i) : mean;
    }
    fw_page_heat(p, &h);
    free(values);
}

fw_status fw_grid_report(const struct fw_grid *g, const struct fw_study *s,
                         const char *line, const char *path, struct fw_err *err)
{
    struct fw_page page = {0};

    fw_page_begin(&page, "flywheel lab: grid of momentum and rate");
    fw_page_words(
        &page,
        "Problem %s, target training loss %g, %u seed%s.  A cell shows "
        "the mean updates of all seeds to the target; points more "
        "than %g times slower than the best with the first seed are "
        "shown with that seed.  Regret: a law's updates over those "
        "of the best point.",
        s->problem, s->target_loss, s->n_seeds, fw_plural(s->n_seeds),
        FW_GRID_NEAR);
    momentum_figure(g, s, &page);
    regret_table(g, s, &page);
    for (size_t c = 0; c < s->n_cells; c++)
        heat(g, s, c, &page);
    return fw_page_write(&page, line, path, err);
}
