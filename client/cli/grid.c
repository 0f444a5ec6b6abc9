#include "client/cli/grid.h"

#include <math.h>

/* One seed of each point, and all seeds of the laws. */
bool fw_grid_first_look(const struct fw_study *s, size_t cell, size_t arm,
                        size_t seed)
{
    (void)cell;
    return seed == 0 || s->arms[arm].law != FW_LAW_MANUAL;
}

/* The first seed's updates; infinity if it never got there. */
double fw_grid_first_updates(const struct fw_study *s, size_t cell, size_t arm)
{
    const struct fw_record *r = fw_study_record(s, cell, arm, 0);

    return r->n_points && r->reached ? r->updates_to_target : INFINITY;
}

/* The other seeds of those points that came close to the best with the first.
 */
bool fw_grid_second_look(const struct fw_study *s, size_t cell, size_t arm,
                         size_t seed)
{
    double best = INFINITY;

    (void)seed;
    for (size_t a = 0; a < s->n_arms; a++) {
        if (s->arms[a].law == FW_LAW_MANUAL)
            best = fmin(best, fw_grid_first_updates(s, cell, a));
    }
    return fw_grid_first_updates(s, cell, arm) <= FW_GRID_NEAR * best;
}

/* Mean updates to the target; infinity unless all seeds got there. */
double fw_grid_updates(const struct fw_study *s, size_t cell, size_t arm)
{
    struct fw_summary m;

    fw_study_summarise(s, cell, arm, &m);
    return m.runs == s->n_seeds && m.reached == m.runs ? m.updates : INFINITY;
}

/* The best point of a cell; n_points if none got there. */
size_t fw_grid_best(const struct fw_grid *g, const struct fw_study *s,
                    size_t cell)
{
    size_t best = g->n_points;
    double least = INFINITY;

    for (size_t i = 0; i < g->n_points; i++) {
        double u = fw_grid_updates(s, cell, i);

        if (u < least) {
            least = u;
            best = i;
        }
    }
    return best;
}

/* A law's updates over the grid's best; NAN if one of them never got there. */
double fw_grid_regret(const struct fw_grid *g, const struct fw_study *s,
                      size_t cell, size_t law)
{
    size_t best = fw_grid_best(g, s, cell);
    double mine = fw_grid_updates(s, cell, g->n_points + law);

    if (best == g->n_points || isinf(mine))
        return NAN;
    return mine / fw_grid_updates(s, cell, best);
}

/* Mean and largest regret of a law over all cells; NAN if one is missing. */
void fw_grid_regrets(const struct fw_grid *g, const struct fw_study *s,
                     size_t law, double *mean, double *worst)
{
    double sum = 0.0;

    *worst = 0.0;
    for (size_t c = 0; c < s->n_cells; c++) {
        double r = fw_grid_regret(g, s, c, law);

        sum += r;
        *worst = isnan(r) || isnan(*worst) ? NAN : fmax(*worst, r);
    }
    *mean = sum / (double)s->n_cells;
}
