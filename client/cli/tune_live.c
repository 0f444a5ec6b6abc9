/* The ways to train, by `flywheel train` and real worker processes. */
#include <ftw.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/child.h"
#include "client/cli/tune.h"
#include "client/worker/stop.h"
#include "sdk/base/words.h"

#define WORD_BYTES   32
#define POLL_MS      50
#define PATIENCE     4  /* times the updates of one worker, then it is over */
#define FOLDERS_OPEN 16 /* at a time, while removing */

/* What one run of `flywheel train` is told. */
struct words {
    char number[6][WORD_BYTES];
    char folder[FW_PATH_MAX];
    char log[FW_PATH_MAX + 8];
    char program[FW_PATH_MAX];
    struct fw_words list;
};

static void number(struct words *w, size_t i, const char *option, double x)
{
    snprintf(w->number[i], sizeof(w->number[i]), "%.9g", x);
    fw_words_option(&w->list, option, w->number[i]);
}

static void command(const struct fw_tune *t, const struct fw_tune_row *r,
                    double epochs, struct words *w)
{
    const struct fw_arm *arm = &t->arms[r->arm];
    bool pinned = arm->law == FW_LAW_MANUAL;

    w->list = (struct fw_words){0};
    fw_words_add(&w->list, w->program);
    fw_words_add(&w->list, "train");
    fw_words_option(&w->list, "--model", t->model);
    fw_words_option(&w->list, "--data", t->data);
    fw_words_option(&w->list, "--dir", w->folder);
    fw_words_option(&w->list, "--schedule", "constant");
    fw_words_option(&w->list, "--stagger-ms", "0");
    fw_words_option(&w->list, "--law",
                    pinned ? "fixed" : fw_law_name(arm->law));
    number(w, 0, "--workers", r->workers);
    number(w, 1, "--batch", t->study.batch);
    number(w, 2, "--momentum",
           pinned ? arm->momentum : t->study.reference_momentum);
    number(w, 3, "--learning-rate",
           pinned ? arm->rate : t->study.reference_rate);
    number(w, 4, "--epochs", epochs);
    number(w, 5, "--target-loss", t->target);
    if (arm->allow_negative)
        fw_words_add(&w->list, "--allow-negative-momentum");
    if (arm->groups_auto)
        fw_words_option(&w->list, "--groups", "auto");
    fw_words_add(&w->list, "--json");
}

/* A number of the answer; NAN if it is not there. */
static double get(const json_t *answer, const char *key)
{
    const json_t *x = json_object_get(answer, key);

    return json_is_number(x) ? json_number_value(x) : NAN;
}

/* The answer is the last line of the log that is JSON. */
static json_t *read_answer(const char *path)
{
    json_t *answer = NULL;
    FILE *f = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;

    if (!f)
        return NULL;
    while (getline(&line, &room, f) > 0) {
        if (line[0] != '{')
            continue;
        json_decref(answer);
        answer = json_loads(line, 0, NULL);
    }
    free(line);
    fclose(f);
    return answer;
}

static void keep(struct fw_tune_row *r, const json_t *answer)
{
    struct fw_summary *m = &r->seen;

    *m = (struct fw_summary){
        .runs = 1,
        .reached = json_is_true(json_object_get(answer, "reached")),
        .time = NAN,
        .updates = NAN,
        .worker_seconds = r->workers * get(answer, "seconds"),
        .loss = get(answer, "training_loss"),
        .accuracy = get(answer, "validation_accuracy"),
        .staleness = get(answer, "staleness_mean"),
        .momentum = get(answer, "momentum"),
    };
    m->worst_accuracy = m->accuracy;
    if (!m->reached)
        return;
    m->time = get(answer, "seconds");
    m->updates = get(answer, "versions");
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

/* What a run has left behind: the next one must not find its checkpoint. */
static void remove_all(const char *folder)
{
    (void)nftw(folder, remove_one, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS);
}

/* One run; a way that fails to train is a row that did not get there. */
static fw_status run(const struct fw_tune *t, struct fw_tune_row *r,
                     double epochs, struct fw_stop *stop, struct words *w,
                     struct fw_err *err)
{
    struct fw_child child = {0};
    json_t *answer;
    fw_status s;

    command(t, r, epochs, w);
    s = fw_child_start(&child, "train", w->log, &w->list, err);
    while (s == FW_OK && !fw_child_ended(&child)) {
        if (fw_stop_wait(stop, POLL_MS))
            s = FW_CLOSED;
    }
    fw_children_stop(&child, 1, 10000);
    if (s != FW_OK)
        return s;
    answer = read_answer(w->log);
    keep(r, answer);
    json_decref(answer);
    remove_all(w->folder);
    return FW_OK;
}

/* A folder for logs and checkpoints, and where this program is. */
static fw_status prepare(struct words *w, struct fw_err *err)
{
    ssize_t n = readlink("/proc/self/exe", w->program, sizeof(w->program) - 1);

    if (n <= 0)
        return fw_err_set(err, FW_IO, "cannot find this program: %m");
    w->program[n] = '\0';
    snprintf(w->folder, sizeof(w->folder), "flywheel-tune-XXXXXX");
    if (!mkdtemp(w->folder))
        return fw_err_set(err, FW_IO, "cannot make a folder here: %m");
    snprintf(w->log, sizeof(w->log), "%s.log", w->folder);
    return FW_OK;
}

fw_status fw_tune_try_live(struct fw_tune *t, struct fw_err *err)
{
    double samples = (double)t->study.data->n;
    double epochs = PATIENCE * (double)t->updates * t->study.batch / samples;
    struct fw_stop stop = {0};
    struct words w = {0};
    fw_status s = prepare(&w, err);

    if (s == FW_OK)
        s = fw_stop_open(&stop, err);
    for (size_t c = 0; c < t->study.n_cells; c++) {
        for (size_t a = 0; a < t->n_arms && s == FW_OK; a++) {
            struct fw_tune_row *r = &t->rows[t->n_rows++];

            *r = (struct fw_tune_row){t->study.cells[c].workers, a, {0}};
            fprintf(stderr, "flywheel tune: %u worker%s, %s\n", r->workers,
                    fw_plural(r->workers), t->arms[a].name);
            s = run(t, r, epochs, &stop, &w, err);
        }
    }
    fw_stop_close(&stop);
    remove_all(w.folder);
    if (s == FW_OK)
        remove(w.log);
    return s;
}
