#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/command.h"
#include "client/cli/train.h"
#include "sdk/base/name.h"
#include "sdk/wire/tensor.h"

#define OWN_ROWS     11  /* before those of task_args.h and spec_args.h */
#define WORKERS      4   /* the default */
#define STAGGER_MS   300 /* between two workers: the fall can be watched */
#define STAGGER_FAST 100 /* the same for networks that train in a second */
#define EVALUATE_S   3.0 /* between two evaluations */
#define EPOCHS_MAX   1e6
#define SLOWDOWN_MAX 1000.0 /* times */
#define STAGGER_MAX  60000  /* ms */

static int check(const struct fw_args *a, struct fw_train_options *o)
{
    enum fw_dtype dtype;
    struct fw_err err;
    double share;

    if (!fw_name_valid(o->job))
        return fw_args_wrong(a, "--job is a name: " FW_NAME_RULE);
    if (o->workers < 1 || o->workers > FW_TRAIN_WORKERS_MAX)
        return fw_args_wrong(a, "--workers is 1 to %d", FW_TRAIN_WORKERS_MAX);
    if (o->epochs < 0 || o->epochs > EPOCHS_MAX)
        return fw_args_wrong(a, "--epochs is 0 to %.0f", EPOCHS_MAX);
    if (!(o->evaluate_s > 0))
        return fw_args_wrong(a, "--evaluate-every is above 0");
    if (o->stagger_ms == UINT64_MAX)
        o->stagger_ms =
            strcmp(o->task.model, "cnn") == 0 ? STAGGER_MS : STAGGER_FAST;
    if (o->stagger_ms > STAGGER_MAX)
        return fw_args_wrong(a, "--stagger-ms is at most %d", STAGGER_MAX);
    if (!(o->slowdown >= 1 && o->slowdown <= SLOWDOWN_MAX))
        return fw_args_wrong(a, "--slowdown is 1 to %.0f", SLOWDOWN_MAX);
    if (fw_dtype_parse(o->wire, &dtype, &share, &err) != FW_OK)
        return fw_args_wrong(a, "--wire: %s", err.text);
    o->json = a->common.json;
    return fw_task_args_check(a, &o->task);
}

/* Whatever happens, no child is left at the end. */
static int train(const struct fw_args *a, struct fw_train *t)
{
    struct fw_train_result *r = calloc(1, sizeof(*r));
    struct fw_err err = {0};
    int code;
    fw_status s;

    if (!r)
        return fw_cli_fail(a->command, FW_NOMEM, &err);
    s = fw_train_plan(t, &err);
    if (s == FW_OK) {
        fprintf(stderr, "flywheel train: %s on %s, %.2f epochs; logs in %s\n",
                t->o->task.model, t->o->task.data, t->epochs, t->folder);
        s = fw_train_start(t, &err);
    }
    if (s == FW_OK)
        s = fw_train_watch(t, r, &err);
    if (s == FW_CLOSED)
        fputs("flywheel train: stopping\n", stderr);
    fw_train_stop(t);
    if (s == FW_CLOSED) {
        code = FW_CLI_INTERRUPTED;
    } else if (s != FW_OK) {
        code = fw_cli_fail(a->command, s, &err);
    } else {
        fw_train_find_checkpoint(t, r->checkpoint);
        code = fw_train_summary(t, r);
    }
    fw_job_status_close(&r->last);
    free(r);
    return code;
}

static int run(const struct fw_args *a, const struct fw_train_options *o)
{
    struct fw_train *t = calloc(1, sizeof(*t));
    struct fw_stop stop = {0};
    struct fw_err err = {0};
    fw_status s;
    int code;

    s = t ? fw_stop_open(&stop, &err) : FW_NOMEM;
    if (s == FW_OK) {
        t->o = o;
        t->stop = &stop;
        code = train(a, t);
    } else {
        code = fw_cli_fail(a->command, s, &err);
    }
    fw_stop_close(&stop);
    free(t);
    return code;
}

int fw_cmd_train(int argc, char **argv)
{
    struct fw_train_options o = {.job = "demo",
                                 .listen = "127.0.0.1:0",
                                 .wire = "f32",
                                 .workers = WORKERS,
                                 .stagger_ms = UINT64_MAX,
                                 .slowdown = 1,
                                 .evaluate_s = EVALUATE_S,
                                 .target_loss = NAN};
    struct fw_arg items[OWN_ROWS + FW_TASK_ARGS + FW_SPEC_ARGS] = {
        {"workers", FW_ARG_COUNT, &o.workers, "N", "worker processes (4)"},
        {"epochs", FW_ARG_NUMBER, &o.epochs, "X",
         "passes of all workers together (6)"},
        {"job", FW_ARG_TEXT, &o.job, "JOB", "its name (demo)"},
        {"listen", FW_ARG_TEXT, &o.listen, "HOST:PORT",
         "of the server (a free port of 127.0.0.1)"},
        {"dir", FW_ARG_TEXT, &o.folder, "DIR",
         "checkpoints and logs (flywheel-demo-TIME)"},
        {"stagger-ms", FW_ARG_COUNT, &o.stagger_ms, "MS",
         "between two workers' starts (600; small nets 100)"},
        {"evaluate-every", FW_ARG_NUMBER, &o.evaluate_s, "S",
         "seconds between two evaluations (3)"},
        {"wire", FW_ARG_TEXT, &o.wire, "DTYPE", FW_WIRE_RULE " (f32)"},
        {"slowdown", FW_ARG_NUMBER, &o.slowdown, "X",
         "of the last worker, to see a straggler (1)"},
        {"target-loss", FW_ARG_NUMBER, &o.target_loss, "L",
         "end as soon as the training loss is there"},
        {"job-file", FW_ARG_FILE, &o.file, "FILE", FW_JOB_FILE_HELP},
    };
    struct fw_args a = {
        .command = "train",
        .operands = "",
        .summary = "Start a server, workers and an evaluator as processes of "
                   "this machine, train, and\nend them all.  Ctrl-C ends them, "
                   "too.  It starts its own server: --server is not used.\n"
                   "Without --schedule the learning rate falls by a cosine "
                   "over the run.",
        .examples =
            "  flywheel train\n"
            "  flywheel train --model mlp --data idx:mnist --workers 8 --json\n"
            "  flywheel train --law fixed --epochs 2\n",
        .items = items,
        .n_items = OWN_ROWS + FW_TASK_ARGS + FW_SPEC_ARGS,
    };
    int code;

    fw_task_args_init(&o.task);
    fw_spec_args_init(&o.spec);
    o.spec.schedule = NULL; /* made to fit by the plan */
    fw_task_args_rows(&o.task, items + OWN_ROWS);
    fw_spec_args_rows(&o.spec, items + OWN_ROWS + FW_TASK_ARGS);
    if (fw_args_read(&a, argc, argv, &code)) {
        code = check(&a, &o);
        if (code == FW_CLI_OK)
            code = run(&a, &o);
    }
    fw_job_file_close(&o.file);
    return code;
}
