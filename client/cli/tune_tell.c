#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/json.h"
#include "client/cli/show.h"
#include "client/cli/tune.h"
#include "sdk/base/words.h"

#define HELPED 1.02 /* faster by less is noise */

static const char *unit(const struct fw_tune *t)
{
    return t->live ? "s" : "gradient times";
}

static void tell_rows(const struct fw_tune *t)
{
    char a[5][FW_SHOWN_BYTES];

    printf("\n%7s  %-16s %9s %12s %9s %11s %9s\n", "workers", "way", "reached",
           "time", "accuracy", "worker-time", "momentum");
    for (size_t i = 0; i < t->n_rows; i++) {
        const struct fw_tune_row *r = &t->rows[i];

        printf("%7u  %-16s %4u of %u %12s %9s %11s %9s%s\n", r->workers,
               t->arms[r->arm].name, r->seen.reached, r->seen.runs,
               fw_show_number(a[0], r->seen.time, 1),
               fw_show_number(a[1], r->seen.accuracy, 4),
               fw_show_number(a[2], r->seen.worker_seconds, 0),
               fw_show_number(a[3], r->seen.momentum, 3),
               r == t->best ? "  <- recommended" : "");
    }
}

static const char *negative_words(const struct fw_tune *t)
{
    if (isnan(t->negative_gain))
        return "not known";
    if (t->negative_gain > HELPED)
        return "helped";
    return t->negative_gain < 1.0 / HELPED ? "did harm" : "made no difference";
}

void fw_tune_tell(const struct fw_tune *t)
{
    const struct fw_candidate *w = &t->candidates[0];

    printf(
        "one worker: momentum %g, learning rate %g, training loss %.4g after "
        "%llu update%s\n",
        w->momentum, w->rate, w->loss, (unsigned long long)w->updates,
        fw_plural(w->updates));
    printf("target: training loss %.4g; times in %s\n", t->target, unit(t));
    tell_rows(t);
    if (!t->best) {
        puts("\nNo way got to the target: train with one worker, or lower the "
             "target.");
        return;
    }
    printf("\nRecommended: %u worker%s, %s", t->best->workers,
           t->best->workers > 1 ? "s" : "", t->arms[t->best->arm].name);
    if (t->alone && isfinite(t->alone->seen.time))
        printf("; %.2f times as fast as one worker, for %.2f times the "
               "worker-time",
               t->alone->seen.time / t->best->seen.time,
               t->best->seen.worker_seconds / t->alone->seen.worker_seconds);
    printf(".\nNegative momentum %s (margin's time over that with it: %.2f).\n",
           negative_words(t), t->negative_gain);
}

static json_t *row_json(const struct fw_tune *t, const struct fw_tune_row *r)
{
    return json_pack(
        "{s:i, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "workers",
        (int)r->workers, "way", t->arms[r->arm].name, "runs", (int)r->seen.runs,
        "reached", (int)r->seen.reached, "time", fw_json_real(r->seen.time),
        "accuracy", fw_json_real(r->seen.accuracy), "worker_time",
        fw_json_real(r->seen.worker_seconds), "momentum",
        fw_json_real(r->seen.momentum), "loss", fw_json_real(r->seen.loss));
}

json_t *fw_tune_json(const struct fw_tune *t)
{
    json_t *candidates = json_array();
    json_t *rows = json_array();

    for (size_t i = 0; i < t->n_candidates; i++)
        json_array_append_new(
            candidates,
            json_pack("{s:f, s:f, s:o, s:I}", "momentum",
                      t->candidates[i].momentum, "learning_rate",
                      t->candidates[i].rate, "loss",
                      fw_json_real(t->candidates[i].loss), "updates",
                      (json_int_t)t->candidates[i].updates));
    for (size_t i = 0; i < t->n_rows; i++)
        json_array_append_new(rows, row_json(t, &t->rows[i]));
    return json_pack(
        "{s:s, s:b, s:f, s:f, s:o, s:s, s:o, s:o, s:o, s:o, s:s}", "command",
        t->line, "live", t->live, "momentum", t->candidates[0].momentum,
        "learning_rate", t->candidates[0].rate, "target_loss",
        fw_json_real(t->target), "time_unit",
        t->live ? "seconds" : "mean gradient times", "candidates", candidates,
        "rows", rows, "recommended",
        t->best ? row_json(t, t->best) : json_null(), "negative_gain",
        fw_json_real(t->negative_gain), "negative_momentum", negative_words(t));
}

/* What tune decides, and so does not take over from the job file. */
static bool is_ours(const char *key)
{
    static const char *const ours[] = {
        "model",    "data",          "batch",
        "momentum", "learning-rate", "law",
        "groups",   "buffer",        "allow-negative-momentum",
        "workers"};

    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (strcmp(key, ours[i]) == 0)
            return true;
    }
    return false;
}

/* The law that trains as `arm` did: a pinned momentum is a reference that is
 * kept. */
static void print_arm(FILE *f, const struct fw_tune *t,
                      const struct fw_arm *arm)
{
    bool pinned = arm->law == FW_LAW_MANUAL;

    fprintf(f, "momentum: %.6g\n",
            pinned ? arm->momentum : t->candidates[0].momentum);
    fprintf(f, "learning-rate: %.6g\n",
            pinned ? arm->rate : t->candidates[0].rate);
    fprintf(f, "law: %s\n", pinned ? "fixed" : fw_law_name(arm->law));
    if (arm->allow_negative)
        fputs("allow-negative-momentum: true\n", f);
    if (arm->groups_auto)
        fputs("groups: auto\n", f);
}

fw_status fw_tune_write(const struct fw_tune *t, const char *path,
                        struct fw_err *err)
{
    const struct fw_arm alone = {.law = FW_LAW_FIXED};
    FILE *f = fopen(path, "we");
    bool ok;

    if (!f)
        return fw_err_set(err, FW_IO, "cannot write %s: %s", path,
                          strerrordesc_np(errno));
    fprintf(f, "# Found by: %s\n", t->line);
    if (t->best)
        fprintf(f, "# Training loss %.4g in %.4g %s with %u worker%s.\n",
                t->target, t->best->seen.time, unit(t), t->best->workers,
                fw_plural(t->best->workers));
    fprintf(f, "model: %s\ndata: '%s'\nbatch: %u\nworkers: %u\n", t->model,
            t->data, t->study.batch, t->best ? t->best->workers : 1);
    print_arm(f, t, t->best ? &t->arms[t->best->arm] : &alone);
    for (size_t i = 0; t->file && i < t->file->n; i++) {
        const struct fw_job_line *l = &t->file->lines[i];

        if (!is_ours(l->key) && l->value)
            fprintf(f, "%s: '%s'\n", l->key, l->value);
    }
    ok = !ferror(f);
    ok = fclose(f) == 0 && ok;
    return ok ? FW_OK
              : fw_err_set(err, FW_IO, "cannot write %s: %s", path,
                           strerrordesc_np(errno));
}
