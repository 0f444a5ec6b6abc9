/* grid.h - momentum and rate searched together, and laws judged by it: what
 * `flywheel lab grid` counts, tells and draws.
 *
 * Regret is a law's mean updates to the target over those of the grid's best
 * point; NAN where one of them never got there.
 *
 * Layer: client/cli.  Thread: main. */
#ifndef FW_CLI_GRID_H
#define FW_CLI_GRID_H

#include <jansson.h>

#include "client/cli/lab_args.h"

#define FW_GRID_NEAR 2.0 /* times the best: points that get the other seeds */

struct fw_grid {
    struct fw_number_list momenta;
    struct fw_number_list rates;
    struct fw_arm arms[FW_STUDY_ARMS_MAX]; /* grid, momentum by momentum; then
                                              laws */
    size_t n_points;                       /* of the grid */
    size_t n_laws;
};

/* For fw_study_run: one seed of each point and all seeds of the laws; then the
 * other seeds of those points that came close to the best with the first. */
bool fw_grid_first_look(const struct fw_study *s, size_t cell, size_t arm,
                        size_t seed);
bool fw_grid_second_look(const struct fw_study *s, size_t cell, size_t arm,
                         size_t seed);

/* Updates to the target: of the first seed, and the mean of all; infinity if it
 * was not reached. */
double fw_grid_first_updates(const struct fw_study *s, size_t cell, size_t arm);
double fw_grid_updates(const struct fw_study *s, size_t cell, size_t arm);

/* The best point of a cell; n_points if none got there. */
size_t fw_grid_best(const struct fw_grid *g, const struct fw_study *s,
                    size_t cell);

/* Of one cell; the mean and the largest of all cells. */
double fw_grid_regret(const struct fw_grid *g, const struct fw_study *s,
                      size_t cell, size_t law);
void fw_grid_regrets(const struct fw_grid *g, const struct fw_study *s,
                     size_t law, double *mean, double *worst);

/* `line`: the command that did it.  The report goes to the file `path`. */
json_t *fw_grid_json(const struct fw_grid *g, const struct fw_study *s,
                     const char *line);
void fw_grid_tell(const struct fw_grid *g, const struct fw_study *s);
FW_MUST_USE fw_status fw_grid_report(const struct fw_grid *g,
                                     const struct fw_study *s, const char *line,
                                     const char *path, struct fw_err *err);

#endif
