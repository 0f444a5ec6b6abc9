#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/command.h"
#include "client/cli/json.h"
#include "client/cli/tune.h"
#include "sdk/base/mem.h"

#define ROWS       15
#define LINE_BYTES 2048
#define UPDATES    900 /* of one worker, in the last round */
#define PATIENCE   2.0 /* times as long as one worker's search: too slow */

struct options {
    struct fw_job_file file; /* owned; lends texts */
    const char *model;
    const char *data;
    uint64_t max_workers;
    uint64_t updates;
    const char *out;
    bool live;
    struct fw_lab_args lab; /* owned */
    char workers[256];      /* 1,2,4 ... as lab_args reads it */
};

/* 1, 2, 4 ... and the most. */
static void list_workers(struct options *o)
{
    size_t n = 0;

    for (uint64_t m = 1; m < o->max_workers; m *= 2)
        n += (size_t)snprintf(o->workers + n, sizeof(o->workers) - n, "%llu,",
                              (unsigned long long)m);
    snprintf(o->workers + n, sizeof(o->workers) - n, "%llu",
             (unsigned long long)o->max_workers);
    o->lab.workers = o->workers;
    o->lab.problem = o->model;
    o->lab.data = o->data;
}

static int check(const struct fw_args *a, const struct options *o)
{
    if (!o->model)
        return fw_args_wrong(a, "--model or a job file that names it is "
                                "missing");
    if (!fw_problem_wants_data(o->model))
        return fw_args_wrong(a, "--model is linear, logistic, mlp or cnn");
    if (o->max_workers < 1 || o->max_workers > (o->live ? 256 : 10000))
        return fw_args_wrong(a, "--max-workers is 1 to %d",
                             o->live ? 256 : 10000);
    if (o->updates < 9 || o->updates > 10000000)
        return fw_args_wrong(a, "--updates is 9 to 10000000");
    return FW_CLI_OK;
}

/* Options that real jobs have and the lab has not. */
static void warn(const struct fw_job_file *f)
{
    static const char *const missing[] = {
        "nesterov", "l2", "weight-decay", "clip-norm", "schedule", "warmup"};

    for (size_t i = 0; i < f->n; i++) {
        for (size_t k = 0; k < sizeof(missing) / sizeof(missing[0]); k++) {
            if (strcmp(f->lines[i].key, missing[k]) == 0)
                fprintf(stderr,
                        "flywheel tune: %s is kept in the job file, but the "
                        "search is made without it\n",
                        missing[k]);
        }
    }
}

static fw_status find_out(struct fw_tune *t, struct fw_err *err)
{
    double target = t->study.target_loss;
    fw_status s;

    fputs("flywheel tune: one worker\n", stderr);
    s = fw_tune_search(t, err);
    if (s != FW_OK)
        return s;
    fprintf(stderr,
            "flywheel tune: momentum %g, learning rate %g; target %.4g%s\n",
            t->candidates[0].momentum, t->candidates[0].rate, t->target,
            isnan(target) ? " (--target-loss sets it)" : "");
    t->study.validate = true;
    fw_tune_arms(t);
    s = t->live ? fw_tune_try_live(t, err) : fw_tune_try(t, err);
    if (s == FW_OK)
        fw_tune_choose(t);
    return s;
}

static int tell(const struct fw_args *a, const struct options *o,
                const struct fw_tune *t)
{
    struct fw_err err = {0};
    fw_status s = fw_tune_write(t, o->out, &err);

    if (s == FW_OK && o->lab.report)
        s = fw_tune_report(t, o->lab.report, &err);
    if (s != FW_OK)
        return fw_cli_fail(a->command, s, &err);
    fprintf(stderr, "flywheel tune: job file %s%s%s\n", o->out,
            o->lab.report ? ", report " : "",
            o->lab.report ? o->lab.report : "");
    if (a->common.json)
        return fw_json_print(fw_tune_json(t));
    fw_tune_tell(t);
    return FW_CLI_OK;
}

static int run(const struct fw_args *a, struct options *o, const char *line)
{
    struct fw_tune *t = fw_mem_array(1, sizeof(*t));
    struct fw_err err = {0};
    fw_status s;
    int code = FW_CLI_FAILED;

    list_workers(o);
    if (t)
        code = fw_lab_args_study(a, &o->lab, &t->study);
    if (code == FW_CLI_OK) {
        t->file = &o->file;
        t->model = o->model;
        t->data = o->data;
        t->updates = o->updates;
        t->live = o->live;
        t->line = line;
        t->study.max_time = PATIENCE * (double)o->updates;
        warn(&o->file);
        s = find_out(t, &err);
        if (s == FW_CLOSED)
            code = FW_CLI_INTERRUPTED;
        else
            code =
                s == FW_OK ? tell(a, o, t) : fw_cli_fail(a->command, s, &err);
    }
    free(t);
    return code;
}

static void make_rows(struct options *o, struct fw_arg *items)
{
    struct fw_lab_args *l = &o->lab;
    const struct fw_arg all[ROWS] = {
        {"job-file", FW_ARG_FILE, &o->file, "FILE", FW_JOB_FILE_HELP},
        {"model", FW_ARG_TEXT, &o->model, "MODEL",
         "linear, logistic, mlp or cnn"},
        {"data", FW_ARG_TEXT, &o->data, "SPEC",
         "idx:DIR, cifar10:DIR, digits[:N[:SEED]] (digits)"},
        {"max-workers", FW_ARG_OWN, &o->max_workers, "N",
         "numbers of workers that are tried: 1, 2, 4 ... N (8)"},
        {"target-loss", FW_ARG_NUMBER, &l->target_loss, "L",
         "that counts as trained (1.1 times what one worker gets to)"},
        {"updates", FW_ARG_COUNT, &o->updates, "N",
         "of one worker, in the search's last round (900)"},
        {"service", FW_ARG_TEXT, &l->service, "SPEC", FW_SERVICE_RULE},
        {"straggler", FW_ARG_NUMBER, &l->straggler, "X",
         "one worker is X times slower than the others"},
        {"batch", FW_ARG_COUNT, &l->batch, "N", "samples of a gradient (32)"},
        {"seeds", FW_ARG_COUNT, &l->seeds, "N", "runs of each way (2)"},
        {"seed", FW_ARG_COUNT, &l->seed, "S", "the first seed (1)"},
        {"out", FW_ARG_TEXT, &o->out, "FILE",
         "the job file to write (flywheel-tuned.yaml)"},
        {"report", FW_ARG_TEXT, &l->report, "FILE", "write an HTML report"},
        {"live", FW_ARG_FLAG, &o->live, NULL,
         "real worker processes of this machine, not virtual time"},
        {"quiet", FW_ARG_FLAG, &l->quiet, NULL, "no progress bar"},
    };

    memcpy(items, all, sizeof(all));
}

int fw_cmd_tune(int argc, char **argv)
{
    struct options o = {.data = "digits",
                        .max_workers = 8,
                        .updates = UPDATES,
                        .out = "flywheel-tuned.yaml"};
    struct fw_arg items[ROWS];
    struct fw_args a = {
        .command = "tune",
        .operands = "",
        .summary =
            "Adopt asynchrony by stages: find momentum and learning rate with "
            "one worker, then\nadd workers and lower explicit momentum, and "
            "compare time, accuracy and cost.\nEnds with a recommendation and "
            "a job file for `job create` and `train`.",
        .examples = "  flywheel tune --model mlp --data digits --max-workers "
                    "16\n"
                    "  flywheel tune --job-file job.yaml --service constant "
                    "--report tune.html\n"
                    "  flywheel tune --job-file job.yaml --max-workers 4 "
                    "--live\n",
        .items = items,
        .n_items = ROWS,
    };
    char line[LINE_BYTES];
    int code;

    fw_lab_args_init(&o.lab);
    o.lab.seeds = 2;
    o.lab.validate = true; /* so that no target is set by default */
    make_rows(&o, items);
    fw_lab_command_line(argc, argv, "tune", line, sizeof(line));
    if (fw_args_read(&a, argc, argv, &code)) {
        code = check(&a, &o);
        if (code == FW_CLI_OK)
            code = run(&a, &o, line);
    }
    fw_lab_args_close(&o.lab);
    fw_job_file_close(&o.file);
    return code;
}
