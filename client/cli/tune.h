/* tune.h - how a job should be trained by several workers: what `flywheel tune`
 * finds out.
 *
 *     1 worker: momentum and rate (client/lab/halving.h)
 *     2, 4 ... N workers: the reference as it is, explicit momentum lowered by
 *     stages, and the laws; time to a target, accuracy there, worker-seconds
 *     -> how many workers, in which way, and a job file that says so
 *
 * Layer: client/cli.  Thread: the main one.  Zero-initialise; close is safe
 * twice. */
#ifndef FW_CLI_TUNE_H
#define FW_CLI_TUNE_H

#include <jansson.h>

#include "client/cli/lab_args.h"
#include "client/lab/halving.h"
#include "client/lab/page.h"

#define FW_TUNE_ARMS   10u /* ways to train, of each number of workers */
#define FW_TUNE_CELLS  16u /* numbers of workers */
#define FW_TUNE_STAGES 4u  /* momenta below the reference */

struct fw_tune_row {
    uint32_t workers;
    size_t arm; /* of fw_tune.arms */
    struct fw_summary seen;
};

struct fw_tune {
    /* set by the caller */
    struct fw_study study; /* problem, data, cells, seeds; lent texts */
    const struct fw_job_file *file; /* lent; the job's other options */
    const char *model;
    const char *data;
    uint64_t updates; /* of one worker, in the last round of the search */
    bool live;        /* with worker processes rather than virtual time */
    const char *line; /* the command */

    /* found */
    struct fw_candidate candidates[FW_CANDIDATES_MAX];
    size_t n_candidates;
    size_t n_last; /* of them, in the last round */
    double target; /* training loss */
    struct fw_arm arms[FW_TUNE_ARMS];
    size_t n_arms;
    struct fw_tune_row rows[FW_TUNE_CELLS * FW_TUNE_ARMS];
    size_t n_rows;
    const struct fw_tune_row *best;  /* of `rows`; NULL: none got there */
    const struct fw_tune_row *alone; /* one worker with the reference */
    double negative_gain; /* time of margin over that of margin with negative
                             momentum, at the best number; NAN: not known */
};

/* One worker's momentum and rate; the target, if none was given. */
FW_MUST_USE fw_status fw_tune_search(struct fw_tune *t, struct fw_err *err);

/* The ways to train with several workers. */
void fw_tune_arms(struct fw_tune *t);

/* Try them, in virtual time or by processes. */
FW_MUST_USE fw_status fw_tune_try(struct fw_tune *t, struct fw_err *err);
FW_MUST_USE fw_status fw_tune_try_live(struct fw_tune *t, struct fw_err *err);

/* Which is best: `best`, `alone`, `negative_gain`. */
void fw_tune_choose(struct fw_tune *t);

/* What was found: for people, as JSON, as a page, as a job file. */
void fw_tune_tell(const struct fw_tune *t);
json_t *fw_tune_json(const struct fw_tune *t);
FW_MUST_USE fw_status fw_tune_report(const struct fw_tune *t, const char *path,
                                     struct fw_err *err);
FW_MUST_USE fw_status fw_tune_write(const struct fw_tune *t, const char *path,
                                    struct fw_err *err);

#endif
