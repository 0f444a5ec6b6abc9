#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/command.h"
#include "client/cli/lab_args.h"
#include "client/cli/lab_tell.h"
#include "sdk/base/mem.h"

#define LINE_BYTES 2048
#define NEAR       2.0 /* times the best: points that get the other seeds */

struct grid {
    struct fw_number_list momenta;
    struct fw_number_list rates;
    struct fw_arm arms[FW_STUDY_ARMS_MAX]; /* grid, momentum by momentum; then
                                              laws */
    size_t n_points;                       /* of the grid */
    size_t n_laws;
};

static size_t point(const struct grid *g, size_t momentum, size_t rate)
{
    return momentum * g->rates.n + rate;
}

/* One seed of each point, and all seeds of the laws. */
static bool first_look(const struct fw_study *s, size_t cell, size_t arm,
                       size_t seed)
{
    (void)cell;
    return seed == 0 || s->arms[arm].law != FW_LAW_MANUAL;
}

/* The first seed's updates; infinity if it never got there. */
static double first_updates(const struct fw_study *s, size_t cell, size_t arm)
{
    const struct fw_record *r = fw_study_record(s, cell, arm, 0);

    return r->n_points && r->reached ? r->updates_to_target : INFINITY;
}

/* The other seeds of those points that came close to the best with the first.
 */
static bool second_look(const struct fw_study *s, size_t cell, size_t arm,
                        size_t seed)
{
    double best = INFINITY;

    (void)seed;
    for (size_t a = 0; a < s->n_arms; a++) {
        if (s->arms[a].law == FW_LAW_MANUAL)
            best = fmin(best, first_updates(s, cell, a));
    }
    return first_updates(s, cell, arm) <= NEAR * best;
}

/* Mean updates to the target; infinity unless all seeds got there. */
static double mean_updates(const struct fw_study *s, size_t cell, size_t arm)
{
    struct fw_summary m;

    fw_study_summarise(s, cell, arm, &m);
    return m.runs == s->n_seeds && m.reached == m.runs ? m.updates : INFINITY;
}

/* The best point of a cell; n_points if none got there. */
static size_t best_point(const struct grid *g, const struct fw_study *s,
                         size_t cell)
{
    size_t best = g->n_points;
    double least = INFINITY;

    for (size_t i = 0; i < g->n_points; i++) {
        double u = mean_updates(s, cell, i);

        if (u < least) {
            least = u;
            best = i;
        }
    }
    return best;
}

/* A law's updates over the grid's best; NAN if one of them never got there. */
static double regret(const struct grid *g, const struct fw_study *s,
                     size_t cell, size_t law)
{
    size_t best = best_point(g, s, cell);
    double mine = mean_updates(s, cell, g->n_points + law);

    if (best == g->n_points || isinf(mine))
        return NAN;
    return mine / mean_updates(s, cell, best);
}

/* Mean and largest regret of a law over all cells; NAN if one is missing. */
static void regrets(const struct grid *g, const struct fw_study *s, size_t law,
                    double *mean, double *worst)
{
    double sum = 0.0;

    *worst = 0.0;
    for (size_t c = 0; c < s->n_cells; c++) {
        double r = regret(g, s, c, law);

        sum += r;
        *worst = isnan(r) || isnan(*worst) ? NAN : fmax(*worst, r);
    }
    *mean = sum / (double)s->n_cells;
}

static json_t *cell_json(const struct grid *g, const struct fw_study *s,
                         size_t cell)
{
    size_t best = best_point(g, s, cell);
    json_t *points = json_array();
    json_t *laws = json_array();

    for (size_t i = 0; i < g->n_points; i++)
        json_array_append_new(
            points,
            json_pack("{s:f, s:f, s:o, s:o}", "momentum", s->arms[i].momentum,
                      "learning_rate", s->arms[i].rate, "updates",
                      fw_json_real(mean_updates(s, cell, i)), "first_seed",
                      fw_json_real(first_updates(s, cell, i))));
    for (size_t i = 0; i < g->n_laws; i++)
        json_array_append_new(
            laws,
            json_pack("{s:s, s:o, s:o}", "law", s->arms[g->n_points + i].name,
                      "updates",
                      fw_json_real(mean_updates(s, cell, g->n_points + i)),
                      "regret", fw_json_real(regret(g, s, cell, i))));
    return json_pack(
        "{s:i, s:f, s:o, s:o, s:o, s:o, s:o}", "workers",
        (int)s->cells[cell].workers, "straggler", s->cells[cell].straggler,
        "best_momentum",
        best < g->n_points ? json_real(s->arms[best].momentum) : json_null(),
        "best_learning_rate",
        best < g->n_points ? json_real(s->arms[best].rate) : json_null(),
        "best_updates",
        best < g->n_points ? json_real(mean_updates(s, cell, best))
                           : json_null(),
        "laws", laws, "points", points);
}

static json_t *grid_json(const struct grid *g, const struct fw_study *s,
                         const char *line)
{
    json_t *cells = json_array();
    json_t *laws = json_array();

    for (size_t c = 0; c < s->n_cells; c++)
        json_array_append_new(cells, cell_json(g, s, c));
    for (size_t i = 0; i < g->n_laws; i++) {
        double mean;
        double worst;

        regrets(g, s, i, &mean, &worst);
        json_array_append_new(laws,
                              json_pack("{s:s, s:o, s:o}", "law",
                                        s->arms[g->n_points + i].name,
                                        "mean_regret", fw_json_real(mean),
                                        "worst_regret", fw_json_real(worst)));
    }
    return json_pack("{s:s, s:s, s:o, s:o}", "command", line, "problem",
                     s->problem, "laws", laws, "cells", cells);
}

static void tell(const struct grid *g, const struct fw_study *s)
{
    printf("%-22s %9s %9s %9s", "workers", "best mu", "best lr", "updates");
    for (size_t i = 0; i < g->n_laws; i++)
        printf(" %14s", s->arms[g->n_points + i].name);
    puts("   (regret)");
    for (size_t c = 0; c < s->n_cells; c++) {
        size_t best = best_point(g, s, c);
        char name[64];

        fw_lab_cell_name(&s->cells[c], name, sizeof(name));
        if (best < g->n_points)
            printf("%-22s %9.3g %9.3g %9.0f", name, s->arms[best].momentum,
                   s->arms[best].rate, mean_updates(s, c, best));
        else
            printf("%-22s %9s %9s %9s", name, "-", "-", "never");
        for (size_t i = 0; i < g->n_laws; i++)
            printf(" %14.2f", regret(g, s, c, i));
        putchar('\n');
    }
    for (size_t i = 0; i < g->n_laws; i++) {
        double mean;
        double worst;

        regrets(g, s, i, &mean, &worst);
        printf("%s: mean regret %.2f, worst %.2f\n",
               s->arms[g->n_points + i].name, mean, worst);
    }
}

/* The paper's central figure: the best explicit momentum against workers, and
 * what the laws chose. */
static void momentum_figure(const struct grid *g, const struct fw_study *s,
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
        size_t best = best_point(g, s, c);

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

static void regret_table(const struct grid *g, const struct fw_study *s,
                         struct fw_page *p)
{
    char text[FW_ARMS_MAX + 4][32];
    const char *cells[FW_ARMS_MAX + 4];

    fw_page_table_begin(p);
    for (size_t c = 0; c <= s->n_cells; c++) {
        size_t best = c ? best_point(g, s, c - 1) : g->n_points;
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
                         regret(g, s, c - 1, i));
            else
                snprintf(text[n++], sizeof(text[0]), "%.20s regret",
                         s->arms[g->n_points + i].name);
        for (size_t i = 0; i < n; i++)
            cells[i] = text[i];
        fw_page_row(p, cells, n, c == 0);
    }
    fw_page_table_end(p);
}

static void heat(const struct grid *g, const struct fw_study *s, size_t cell,
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
        double mean = mean_updates(s, cell, i);

        values[i] = isinf(mean) ? first_updates(s, cell, i) : mean;
    }
    fw_page_heat(p, &h);
    free(values);
}

static fw_status report(const struct grid *g, const struct fw_study *s,
                        const char *line, const char *path, struct fw_err *err)
{
    struct fw_page page = {0};

    fw_page_begin(&page, "flywheel lab: grid of momentum and rate");
    fw_page_words(
        &page,
        "Problem %s, target training loss %g, %u seeds.  A cell shows "
        "the mean updates of all seeds to the target; points more "
        "than %g times slower than the best with the first seed are "
        "shown with that seed.  Regret: a law's updates over those "
        "of the best point.",
        s->problem, s->target_loss, s->n_seeds, NEAR);
    momentum_figure(g, s, &page);
    regret_table(g, s, &page);
    for (size_t c = 0; c < s->n_cells; c++)
        heat(g, s, c, &page);
    return fw_page_write(&page, line, path, err);
}

/* Around the reference rate by factors of two, 8 of them. */
static void default_rates(double reference, struct fw_number_list *out)
{
    out->n = 8;
    for (size_t i = 0; i < out->n; i++)
        out->items[i] = reference * pow(2.0, (double)i - 3.5);
}

static fw_status make_arms(struct grid *g, const char *laws, struct fw_err *err)
{
    fw_status s;

    g->n_points = g->momenta.n * g->rates.n;
    if (g->n_points + FW_ARMS_MAX > FW_STUDY_ARMS_MAX)
        return fw_err_set(err, FW_INVALID, "the grid has more than %u points",
                          FW_STUDY_ARMS_MAX - FW_ARMS_MAX);
    for (size_t m = 0; m < g->momenta.n; m++) {
        for (size_t r = 0; r < g->rates.n; r++)
            g->arms[point(g, m, r)] =
                fw_arm_manual(g->momenta.items[m], g->rates.items[r]);
    }
    s = fw_arms_parse(laws, g->arms + g->n_points, &g->n_laws, err);
    for (size_t i = 0; i < g->n_laws && s == FW_OK; i++) {
        if (g->arms[g->n_points + i].law == FW_LAW_MANUAL)
            s = fw_err_set(err, FW_INVALID,
                           "the grid has manual arms of its "
                           "own; --laws names laws");
    }
    return s;
}

static int run(const struct fw_args *a, const struct fw_lab_args *lab,
               struct grid *g, struct fw_study *study, const char *line)
{
    struct fw_err err = {0};
    fw_status s = fw_study_run(study, first_look, &err);
    int code = FW_CLI_OK;

    if (s == FW_OK)
        s = fw_study_run(study, second_look, &err);
    if (s == FW_OK && lab->report)
        s = report(g, study, line, lab->report, &err);
    if (s != FW_OK)
        code = fw_cli_fail(a->command, s, &err);
    else if (a->common.json)
        code = fw_json_print(grid_json(g, study, line));
    else
        tell(g, study);
    fw_study_close(study);
    return code;
}

int fw_cmd_lab_grid(int argc, char **argv)
{
    const char *momenta = "-0.5,-0.25,0,0.25,0.5,0.7,0.8,0.9,0.95";
    const char *laws = "fixed,step,margin";
    const char *rates = NULL;
    struct fw_lab_args lab;
    struct fw_arg items[FW_LAB_ROWS + 3];
    struct fw_args a = {
        .command = "lab grid",
        .operands = "",
        .summary = "Search momentum and learning rate together for each number "
                   "of workers,\nand compare the laws with the best point.",
        .examples = "  flywheel lab grid --problem mlp --workers 1,4,16 "
                    "--report grid.html\n",
        .items = items,
        .n_items = FW_LAB_ROWS + 3,
    };
    struct grid *g = fw_mem_array(1, sizeof(*g));
    char line[LINE_BYTES];
    struct fw_study study;
    struct fw_err err = {0};
    fw_status s;
    int code;

    fw_lab_args_init(&lab);
    lab.max_updates = 6000;
    fw_lab_args_rows(&lab, items);
    items[FW_LAB_ROWS] =
        (struct fw_arg){"momenta", FW_ARG_TEXT, &momenta, "LIST",
                        "of the grid (-0.5,-0.25,0,0.25,0.5,0.7,0.8,0.9,0.95)"};
    items[FW_LAB_ROWS + 1] =
        (struct fw_arg){"rates", FW_ARG_TEXT, &rates, "LIST",
                        "of the grid (8 around the reference, doubling)"};
    items[FW_LAB_ROWS + 2] = (struct fw_arg){"laws", FW_ARG_TEXT, &laws, "LIST",
                                             "arms that are judged "
                                             "(fixed,step,margin)"};
    fw_lab_command_line(argc, argv, "lab grid", line, sizeof(line));
    if (!g)
        return FW_CLI_FAILED;
    if (!fw_args_read(&a, argc, argv, &code))
        goto done;
    code = fw_lab_args_study(&a, &lab, &study);
    if (code != FW_CLI_OK)
        goto done;
    s = fw_number_list_parse("momenta", momenta, -0.999, 0.999, &g->momenta,
                             &err);
    default_rates(study.reference_rate, &g->rates);
    if (s == FW_OK && rates)
        s = fw_number_list_parse("rates", rates, 1e-12, 1e6, &g->rates, &err);
    if (s == FW_OK)
        s = make_arms(g, laws, &err);
    if (s == FW_OK && isnan(study.target_loss))
        s = fw_err_set(&err, FW_INVALID,
                       "--target-loss is missing: the grid counts updates to "
                       "it");
    study.arms = g->arms;
    study.n_arms = g->n_points + g->n_laws;
    code = s == FW_OK ? run(&a, &lab, g, &study, line)
                      : fw_args_wrong(&a, "%s", err.text);
done:
    fw_lab_args_close(&lab);
    free(g);
    return code;
}
