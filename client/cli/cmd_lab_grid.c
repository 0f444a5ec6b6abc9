#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/cli/command.h"
#include "client/cli/grid.h"
#include "client/cli/lab_args.h"
#include "client/cli/lab_tell.h"
#include "sdk/base/mem.h"

#define LINE_BYTES 2048

static size_t point(const struct fw_grid *g, size_t momentum, size_t rate)
{
    return momentum * g->rates.n + rate;
}

/* Around the reference rate by factors of two, 8 of them. */
static void default_rates(double reference, struct fw_number_list *out)
{
    out->n = 8;
    for (size_t i = 0; i < out->n; i++)
        out->items[i] = reference * pow(2.0, (double)i - 3.5);
}

static fw_status make_arms(struct fw_grid *g, const char *laws,
                           struct fw_err *err)
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
               struct fw_grid *g, struct fw_study *study, const char *line)
{
    struct fw_err err = {0};
    fw_status s = fw_study_run(study, fw_grid_first_look, &err);
    int code = FW_CLI_OK;

    if (s == FW_OK)
        s = fw_study_run(study, fw_grid_second_look, &err);
    if (s == FW_OK && lab->report)
        s = fw_grid_report(g, study, line, lab->report, &err);
    if (s != FW_OK)
        code = fw_cli_fail(a->command, s, &err);
    else if (a->common.json)
        code = fw_json_print(fw_grid_json(g, study, line));
    else
        fw_grid_tell(g, study);
    fw_study_close(study);
    return code;
}

/* The texts of the options. */
struct texts {
    const char *momenta;
    const char *rates; /* NULL: around the reference */
    const char *laws;
};

/* The grid's points, and the laws, as the study's arms. */
static fw_status plan(struct fw_grid *g, const struct texts *t,
                      struct fw_study *study, struct fw_err *err)
{
    fw_status s = fw_number_list_parse("momenta", t->momenta, -0.999, 0.999,
                                       &g->momenta, err);

    default_rates(study->reference_rate, &g->rates);
    if (s == FW_OK && t->rates)
        s = fw_number_list_parse("rates", t->rates, 1e-12, 1e6, &g->rates, err);
    if (s == FW_OK)
        s = make_arms(g, t->laws, err);
    if (s == FW_OK && isnan(study->target_loss))
        s = fw_err_set(err, FW_INVALID,
                       "--target-loss is missing: the grid counts updates to "
                       "it");
    study->arms = g->arms;
    study->n_arms = g->n_points + g->n_laws;
    return s;
}

/* With the command line read: the study, and what it found. */
static int search(const struct fw_args *a, struct fw_lab_args *lab,
                  const struct texts *t, const char *line)
{
    struct fw_grid *g = fw_mem_array(1, sizeof(*g));
    struct fw_study study;
    struct fw_err err = {0};
    int code = FW_CLI_FAILED;

    if (g)
        code = fw_lab_args_study(a, lab, &study);
    if (g && code == FW_CLI_OK)
        code = plan(g, t, &study, &err) == FW_OK
                   ? run(a, lab, g, &study, line)
                   : fw_args_wrong(a, "%s", err.text);
    free(g);
    return code;
}

int fw_cmd_lab_grid(int argc, char **argv)
{
    struct texts t = {.momenta = "-0.5,-0.25,0,0.25,0.5,0.7,0.8,0.9,0.95",
                      .laws = "fixed,step,margin"};
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
    char line[LINE_BYTES];
    int code;

    fw_lab_args_init(&lab);
    lab.max_updates = 6000;
    fw_lab_args_rows(&lab, items);
    items[FW_LAB_ROWS] =
        (struct fw_arg){"momenta", FW_ARG_TEXT, &t.momenta, "LIST",
                        "of the grid (-0.5,-0.25,0,0.25,0.5,0.7,0.8,0.9,0.95)"};
    items[FW_LAB_ROWS + 1] =
        (struct fw_arg){"rates", FW_ARG_TEXT, &t.rates, "LIST",
                        "of the grid (8 around the reference, doubling)"};
    items[FW_LAB_ROWS + 2] =
        (struct fw_arg){"laws", FW_ARG_TEXT, &t.laws, "LIST",
                        "arms that are judged (fixed,step,margin)"};
    fw_lab_command_line(argc, argv, "lab grid", line, sizeof(line));
    if (fw_args_read(&a, argc, argv, &code))
        code = search(&a, &lab, &t, line);
    fw_lab_args_close(&lab);
    return code;
}
