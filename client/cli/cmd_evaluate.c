#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/command.h"
#include "client/cli/json.h"
#include "client/cli/server.h"
#include "client/cli/show.h"
#include "client/cli/task_args.h"
#include "client/worker/evaluator.h"
#include "client/worker/stop.h"
#include "sdk/base/words.h"

#define EVERY_S        5.0 /* between two evaluations */
#define EVERY_S_MAX    86400.0
#define NOT_YET_MS     200 /* until a job without parameters is asked again */
#define BATCH_TO_JUDGE 256 /* samples at a time: speed only */

struct evaluate_options {
    struct fw_task_args task;
    const char *job;
    double every_s;
    bool once;
};

static int show(const struct fw_evaluation *e, bool json)
{
    char loss[FW_SHOWN_BYTES];
    char accuracy[FW_SHOWN_BYTES];

    if (json)
        return fw_json_print(
            json_pack("{s:I, s:I, s:o, s:o}", "version", (json_int_t)e->version,
                      "samples", (json_int_t)e->samples, "validation_loss",
                      fw_json_real(e->loss), "validation_accuracy",
                      fw_json_real(e->accuracy)));
    printf("version %llu: loss %s, accuracy %s on %llu sample%s\n",
           (unsigned long long)e->version, fw_show_loss(loss, e->loss),
           fw_show_number(accuracy, e->accuracy, 4),
           (unsigned long long)e->samples, fw_plural(e->samples));
    fflush(stdout);
    return FW_CLI_OK;
}

/* Evaluate once or again and again, until a signal.  Without --once a job that
 * has no parameters yet is waited for. */
static int judge(const struct fw_args *a, const struct evaluate_options *o,
                 struct fw_evaluator *e, struct fw_stop *stop)
{
    int64_t every_ms = (int64_t)(o->every_s * 1000);
    int64_t wait_ms;

    do {
        struct fw_evaluation result;
        struct fw_err err = {0};
        fw_status s = fw_evaluator_run(e, &result, &err);
        bool not_yet = strcmp(err.reason, "NOT_INITIALIZED") == 0;
        int code;

        if (s != FW_OK && (o->once || !not_yet))
            return fw_cli_fail(a->command, s, &err);
        code = s == FW_OK ? show(&result, a->common.json) : FW_CLI_OK;
        if (code != FW_CLI_OK || o->once)
            return code;
        wait_ms = s == FW_OK ? every_ms : NOT_YET_MS;
    } while (!fw_stop_wait(stop, wait_ms));
    return FW_CLI_INTERRUPTED;
}

static int evaluate(const struct fw_args *a, const struct evaluate_options *o)
{
    struct fw_task_options task_options = {0};
    struct fw_evaluator evaluator = {0};
    struct fw_admin admin = {0};
    struct fw_task task = {0};
    struct fw_stop stop = {0};
    struct fw_err err = {0};
    int code;
    fw_status s;

    fw_task_args_apply(&o->task, &task_options);
    s = fw_stop_open(&stop, &err);
    if (s == FW_OK)
        s = fw_task_open(&task, &task_options, &err);
    if (s == FW_OK)
        s = fw_cli_connect(&a->common, &admin, &err);
    if (s == FW_OK)
        s = fw_evaluator_init(&evaluator, &admin, &task, o->job);
    code = s == FW_OK ? judge(a, o, &evaluator, &stop)
                      : fw_cli_fail(a->command, s, &err);
    fw_evaluator_close(&evaluator);
    fw_admin_close(&admin);
    fw_task_close(&task);
    fw_stop_close(&stop);
    return code;
}

int fw_cmd_evaluate(int argc, char **argv)
{
    struct evaluate_options o = {.every_s = EVERY_S};
    const struct fw_arg items[] = {
        {"job", FW_ARG_TEXT, &o.job, "JOB", "required"},
        {"model", FW_ARG_TEXT, &o.task.model, "MODEL",
         "linear, logistic, mlp or cnn (cnn)"},
        {"data", FW_ARG_TEXT, &o.task.data, "SPEC", FW_TASK_DATA},
        {"once", FW_ARG_FLAG, &o.once, NULL, "evaluate once and end"},
        {"every", FW_ARG_NUMBER, &o.every_s, "S",
         "seconds between two evaluations (5)"},
    };
    struct fw_args a = {
        .command = "evaluate",
        .operands = "",
        .summary = "Evaluate the newest parameters on held-out data and report "
                   "it to the job.\nSIGUSR1 asks for an evaluation at once.",
        .examples =
            "  flywheel evaluate --job digits --model cnn --data digits\n"
            "  flywheel evaluate --job m --model mlp --data idx:mnist --once "
            "--json\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    int code;

    fw_task_args_init(&o.task);
    o.task.batch = BATCH_TO_JUDGE;
    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    if (!o.job)
        return fw_args_wrong(&a, "--job is missing");
    if (!(o.every_s > 0 && o.every_s <= EVERY_S_MAX))
        return fw_args_wrong(&a, "--every is above 0 and at most %.0f",
                             EVERY_S_MAX);
    return evaluate(&a, &o);
}
