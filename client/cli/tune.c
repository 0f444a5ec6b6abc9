#include "client/cli/tune.h"

#include <math.h>
#include <stdio.h>

#define RATE_LOW   1e-3 /* of the search */
#define RATE_HIGH  1.0
#define TARGET     1.1  /* times the loss that one worker got to */
#define AS_FAST    1.1  /* times the shortest time: fewer workers will do */
#define PINNED     1.05 /* see handicap() */
#define OPTION     1.03
#define WORSE      0.01 /* of accuracy, against one worker: not acceptable */
#define STAGE_LAST (-0.25)

fw_status fw_tune_search(struct fw_tune *t, struct fw_err *err)
{
    fw_status s;

    t->n_candidates = fw_candidates_spread(t->candidates, RATE_LOW, RATE_HIGH);
    s = fw_halving_run(&t->study, t->updates, t->candidates, t->n_candidates,
                       &t->n_last, err);
    if (s != FW_OK)
        return s;
    t->study.reference_momentum = t->candidates[0].momentum;
    t->study.reference_rate = t->candidates[0].rate;
    t->target = isnan(t->study.target_loss) ? TARGET * t->candidates[0].loss
                                            : t->study.target_loss;
    t->study.target_loss = t->target;
    return FW_OK;
}

static void add_arm(struct fw_tune *t, struct fw_arm arm, const char *name)
{
    snprintf(arm.name, sizeof(arm.name), "%s", name);
    t->arms[t->n_arms++] = arm;
}

/* The effective step stays while explicit momentum is lowered. */
static void add_stages(struct fw_tune *t)
{
    double m = t->study.reference_momentum;
    double step = t->study.reference_rate / (1.0 - m);
    const double stages[FW_TUNE_STAGES] = {m * 2.0 / 3.0, m / 3.0, 0.0,
                                           STAGE_LAST};
    char name[FW_ARM_NAME_MAX];

    for (size_t i = 0; i < FW_TUNE_STAGES; i++) {
        if (stages[i] >= m)
            continue;
        snprintf(name, sizeof(name), "momentum %.3g", stages[i]);
        add_arm(t, fw_arm_manual(stages[i], step * (1.0 - stages[i])), name);
    }
}

void fw_tune_arms(struct fw_tune *t)
{
    struct fw_arm margin = {.law = FW_LAW_MARGIN};
    struct fw_arm negative = {.law = FW_LAW_MARGIN, .allow_negative = true};
    struct fw_arm groups = {.law = FW_LAW_MARGIN, .groups_auto = true};

    t->n_arms = 0;
    add_arm(t, (struct fw_arm){.law = FW_LAW_FIXED}, "fixed");
    add_stages(t);
    add_arm(t, margin, "margin");
    add_arm(t, negative, "margin+negative");
    add_arm(t, groups, "groups:auto");
}

fw_status fw_tune_try(struct fw_tune *t, struct fw_err *err)
{
    fw_status s;

    t->study.arms = t->arms;
    t->study.n_arms = t->n_arms;
    s = fw_study_run(&t->study, NULL, err);
    if (s != FW_OK)
        return s;
    for (size_t c = 0; c < t->study.n_cells; c++) {
        for (size_t a = 0; a < t->n_arms; a++) {
            struct fw_tune_row *r = &t->rows[t->n_rows++];

            *r = (struct fw_tune_row){t->study.cells[c].workers, a, {0}};
            fw_study_summarise(&t->study, c, a, &r->seen);
            /* from the job's clock to gradient times */
            r->seen.worker_seconds *= 1000.0 / t->study.unit_ms;
        }
    }
    fw_study_close(&t->study);
    return FW_OK;
}

/* All its runs got there, and as well as one worker's. */
static bool is_good(const struct fw_tune *t, const struct fw_tune_row *r)
{
    bool worse = t->alone && r->seen.accuracy < t->alone->seen.accuracy - WORSE;

    return r->seen.runs && r->seen.reached == r->seen.runs && !worse;
}

/* A way must be faster by so much than law margin to be preferred: a pinned
 * momentum is right in this cluster only, and the simpler of two laws wins. */
static double handicap(const struct fw_tune *t, const struct fw_tune_row *r)
{
    const struct fw_arm *a = &t->arms[r->arm];

    if (a->law != FW_LAW_MARGIN)
        return PINNED;
    return a->allow_negative || a->groups_auto ? OPTION : 1.0;
}

/* The best way with `workers` (0: whatever their number). */
static const struct fw_tune_row *fastest(const struct fw_tune *t,
                                         uint32_t workers)
{
    const struct fw_tune_row *best = NULL;
    double least = INFINITY;

    for (size_t i = 0; i < t->n_rows; i++) {
        const struct fw_tune_row *r = &t->rows[i];
        double time = r->seen.time * handicap(t, r);

        if (is_good(t, r) && (!workers || r->workers == workers) &&
            time < least) {
            least = time;
            best = r;
        }
    }
    return best;
}

static const struct fw_tune_row *find(const struct fw_tune *t, uint32_t workers,
                                      enum fw_law law, bool negative)
{
    for (size_t i = 0; i < t->n_rows; i++) {
        const struct fw_arm *a = &t->arms[t->rows[i].arm];

        if (t->rows[i].workers == workers && a->law == law &&
            a->allow_negative == negative && !a->groups_auto)
            return &t->rows[i];
    }
    return NULL;
}

void fw_tune_choose(struct fw_tune *t)
{
    const struct fw_tune_row *top;
    const struct fw_tune_row *without;
    const struct fw_tune_row *with;

    t->alone = find(t, 1, FW_LAW_FIXED, false);
    t->negative_gain = NAN;
    t->best = top = fastest(t, 0);
    if (!top)
        return;
    for (size_t c = 0; c < t->study.n_cells; c++) { /* fewest workers first */
        const struct fw_tune_row *r = fastest(t, t->study.cells[c].workers);

        if (r && r->seen.time <= AS_FAST * top->seen.time) {
            t->best = r;
            break;
        }
    }
    without = find(t, t->best->workers, FW_LAW_MARGIN, false);
    with = find(t, t->best->workers, FW_LAW_MARGIN, true);
    if (with && without && isfinite(with->seen.time))
        t->negative_gain = without->seen.time / with->seen.time;
}
