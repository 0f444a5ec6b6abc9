#include <math.h>
#include <stdio.h>

#include "client/cli/grid.h"
#include "client/cli/lab_tell.h"

static json_t *cell_json(const struct fw_grid *g, const struct fw_study *s,
                         size_t cell)
{
    size_t best = fw_grid_best(g, s, cell);
    json_t *points = json_array();
    json_t *laws = json_array();

    for (size_t i = 0; i < g->n_points; i++)
        json_array_append_new(
            points,
            json_pack("{s:f, s:f, s:o, s:o}", "momentum", s->arms[i].momentum,
                      "learning_rate", s->arms[i].rate, "updates",
                      fw_json_real(fw_grid_updates(s, cell, i)), "first_seed",
                      fw_json_real(fw_grid_first_updates(s, cell, i))));
    for (size_t i = 0; i < g->n_laws; i++)
        json_array_append_new(
            laws,
            json_pack("{s:s, s:o, s:o}", "law", s->arms[g->n_points + i].name,
                      "updates",
                      fw_json_real(fw_grid_updates(s, cell, g->n_points + i)),
                      "regret", fw_json_real(fw_grid_regret(g, s, cell, i))));
    return json_pack(
        "{s:i, s:f, s:o, s:o, s:o, s:o, s:o}", "workers",
        (int)s->cells[cell].workers, "straggler", s->cells[cell].straggler,
        "best_momentum",
        best < g->n_points ? json_real(s->arms[best].momentum) : json_null(),
        "best_learning_rate",
        best < g->n_points ? json_real(s->arms[best].rate) : json_null(),
        "best_updates",
        best < g->n_points ? json_real(fw_grid_updates(s, cell, best))
                           : json_null(),
        "laws", laws, "points", points);
}

json_t *fw_grid_json(const struct fw_grid *g, const struct fw_study *s,
                     const char *line)
{
    json_t *cells = json_array();
    json_t *laws = json_array();

    for (size_t c = 0; c < s->n_cells; c++)
        json_array_append_new(cells, cell_json(g, s, c));
    for (size_t i = 0; i < g->n_laws; i++) {
        double mean;
        double worst;

        fw_grid_regrets(g, s, i, &mean, &worst);
        json_array_append_new(laws,
                              json_pack("{s:s, s:o, s:o}", "law",
                                        s->arms[g->n_points + i].name,
                                        "mean_regret", fw_json_real(mean),
                                        "worst_regret", fw_json_real(worst)));
    }
    return json_pack("{s:s, s:s, s:o, s:o}", "command", line, "problem",
                     s->problem, "laws", laws, "cells", cells);
}

void fw_grid_tell(const struct fw_grid *g, const struct fw_study *s)
{
    printf("%-22s %9s %9s %9s", "workers", "best mu", "best lr", "updates");
    for (size_t i = 0; i < g->n_laws; i++)
        printf(" %14s", s->arms[g->n_points + i].name);
    puts("   (regret)");
    for (size_t c = 0; c < s->n_cells; c++) {
        size_t best = fw_grid_best(g, s, c);
        char name[64];

        fw_lab_cell_name(&s->cells[c], name, sizeof(name));
        if (best < g->n_points)
            printf("%-22s %9.3g %9.3g %9.0f", name, s->arms[best].momentum,
                   s->arms[best].rate, fw_grid_updates(s, c, best));
        else
            printf("%-22s %9s %9s %9s", name, "-", "-", "never");
        for (size_t i = 0; i < g->n_laws; i++)
            printf(" %14.2f", fw_grid_regret(g, s, c, i));
        putchar('\n');
    }
    for (size_t i = 0; i < g->n_laws; i++) {
        double mean;
        double worst;

        fw_grid_regrets(g, s, i, &mean, &worst);
        printf("%s: mean regret %.2f, worst %.2f\n",
               s->arms[g->n_points + i].name, mean, worst);
    }
}
