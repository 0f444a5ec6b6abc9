#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/command.h"
#include "client/cli/json.h"
#include "client/cli/show.h"
#include "client/cli/task_args.h"
#include "client/worker/trainer.h"
#include "sdk/base/words.h"
#include "sdk/wire/tensor.h"

#define PROGRESS_MS  1000   /* between two lines */
#define SLOWDOWN_MAX 1000.0 /* times */
#define STOP_S       10     /* at most, after being asked to stop */
#define SHORT_RUN    1000   /* gradients; the first probes weigh in fewer */

struct worker_options {
    struct fw_task_args task;
    struct fw_trainer_options trainer;
    const char *wire;
    const char *probe;
    double epochs; /* 0: no limit */
    bool quiet;
};

static void progress(void *user, const struct fw_trainer_progress *p)
{
    char loss[FW_SHOWN_BYTES];

    (void)user;
    fprintf(stderr,
            "%s: %llu gradient%s, version %llu, loss %s, staleness %.2f, "
            "momentum %.3f\n",
            p->name, (unsigned long long)p->rounds, fw_plural(p->rounds),
            (unsigned long long)p->version, fw_show_loss(loss, p->loss),
            p->staleness, p->momentum);
}

/* That the server is away, and that it is back. */
static void log_line(void *user, const char *text)
{
    (void)user;
    fprintf(stderr, "worker: %s\n", text);
}

/* Of 100 gradient evaluations, those spent on probes. */
static double probe_share(const struct fw_trainer_progress *p)
{
    uint64_t all = p->computed + p->probes;

    return all ? 100.0 * (double)p->probes / (double)all : NAN;
}

static json_t *as_json(const struct fw_trainer_progress *p, const char *job)
{
    double speed = p->seconds > 0 ? (double)p->samples / p->seconds : NAN;

    return json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o}",
        "job", job, "gradients", (json_int_t)p->rounds, "refused",
        (json_int_t)p->refused, "samples", (json_int_t)p->samples, "version",
        (json_int_t)p->version, "seconds", fw_json_real(p->seconds),
        "samples_per_second", fw_json_real(speed), "loss",
        fw_json_real(p->loss), "staleness_mean", fw_json_real(p->staleness),
        "momentum", fw_json_real(p->momentum), "curvature",
        fw_json_real(p->curvature), "probes", (json_int_t)p->probes,
        "probe_share_percent", fw_json_real(probe_share(p)));
}

/* on, off, or at most one in so many gradients. */
static bool read_probe(const char *text, uint64_t *every)
{
    char *end = NULL;

    *every = strcmp(text, "on") == 0;
    if (*every || strcmp(text, "off") == 0)
        return true;
    if (text[0] < '1' || text[0] > '9')
        return false;
    errno = 0;
    *every = strtoull(text, &end, 10);
    return *end == '\0' && errno == 0;
}

/* The last words.  A short run's share is that of its first probes. */
static void say_goodbye(const struct fw_trainer_progress *p)
{
    fprintf(stderr, "worker: left after %llu gradient%s, %llu sample%s",
            (unsigned long long)p->rounds, fw_plural(p->rounds),
            (unsigned long long)p->samples, fw_plural(p->samples));
    if (p->computed)
        fprintf(stderr,
                "; %llu of %llu gradient evaluations were probes (%.2f %%%s)",
                (unsigned long long)p->probes,
                (unsigned long long)(p->computed + p->probes), probe_share(p),
                p->probes && p->computed < SHORT_RUN
                    ? ", mostly those of the beginning"
                    : "");
    fputc('\n', stderr);
}

/* What the options' types cannot say. */
static int check(const struct fw_args *a, struct worker_options *o)
{
    struct fw_trainer_options *t = &o->trainer;
    struct fw_err err;

    if (!t->job)
        return fw_args_wrong(a, "--job is missing");
    if (fw_dtype_parse(o->wire, &t->wire_dtype, &t->wire_share, &err) != FW_OK)
        return fw_args_wrong(a, "--wire: %s", err.text);
    if (!read_probe(o->probe, &t->probe_every))
        return fw_args_wrong(a, "--probe is on, off or a count, not '%s'",
                             o->probe);
    if (!(t->slowdown >= 1 && t->slowdown <= SLOWDOWN_MAX))
        return fw_args_wrong(a, "--slowdown is 1 to %.0f", SLOWDOWN_MAX);
    if (o->epochs < 0)
        return fw_args_wrong(a, "--epochs is not negative");
    return fw_task_args_check(a, &o->task);
}

static int train(const struct fw_args *a, struct worker_options *o)
{
    struct fw_trainer_progress p = {0};
    struct fw_task_options task_options = {0};
    struct fw_task task = {0};
    struct fw_stop stop = {0};
    struct fw_err err = {0};
    bool interrupted = false;
    fw_status s;

    o->trainer.address = a->common.server;
    o->trainer.timeout_ms = (uint32_t)a->common.timeout_ms;
    o->trainer.seed = o->task.seed;
    o->trainer.progress = o->quiet ? NULL : progress;
    o->trainer.progress_ms = PROGRESS_MS;
    o->trainer.log = log_line;
    fw_task_args_apply(&o->task, &task_options);
    s = fw_stop_open(&stop, &err);
    if (s == FW_OK)
        fw_stop_limit(&stop, STOP_S);
    if (s == FW_OK)
        s = fw_task_open(&task, &task_options, &err);
    if (s == FW_OK) {
        uint64_t n = (uint64_t)(o->epochs * (double)fw_task_epoch(&task));

        if (o->epochs > 0 && (!o->trainer.samples || n < o->trainer.samples))
            o->trainer.samples = n ? n : 1;
        s = fw_trainer_run(&o->trainer, &task, &stop, &p, &err);
        interrupted = fw_stop_asked(&stop);
    }
    fw_task_close(&task);
    fw_stop_close(&stop);
    if (s != FW_OK)
        return fw_cli_fail(a->command, s, &err);
    if (a->common.json)
        fw_json_print(as_json(&p, o->trainer.job));
    say_goodbye(&p);
    return interrupted ? FW_CLI_INTERRUPTED : FW_CLI_OK;
}

int fw_cmd_worker(int argc, char **argv)
{
    struct worker_options o = {
        .wire = "f32", .probe = "on", .trainer.slowdown = 1};
    struct fw_trainer_options *t = &o.trainer;
    struct fw_arg items[FW_TASK_ARGS + 12] = {
        {"job", FW_ARG_TEXT, &t->job, "JOB", "required"},
        {"name", FW_ARG_TEXT, &t->name, "NAME",
         "unique in the job (host-pid-number)"},
        {"wire", FW_ARG_TEXT, &o.wire, "DTYPE", FW_WIRE_RULE " (f32)"},
        {"slowdown", FW_ARG_NUMBER, &t->slowdown, "X",
         "compute X times as long, as a slower machine (1)"},
        {"probe", FW_ARG_TEXT, &o.probe, "on|off|N",
         "measure curvature when the job asks for it; N: at most once in N "
         "gradients (on)"},
        {"rounds", FW_ARG_COUNT, &t->rounds, "N", "leave after N gradients"},
        {"samples", FW_ARG_COUNT, &t->samples, "N",
         "leave after N samples of its own"},
        {"epochs", FW_ARG_NUMBER, &o.epochs, "X",
         "leave after X passes over the data of its own"},
        {"until-version", FW_ARG_COUNT, &t->until_version, "V",
         "leave when the model has version V"},
        {"start-delay-ms", FW_ARG_COUNT, &t->start_delay_ms, "MS",
         "join so much later"},
        {"quiet", FW_ARG_FLAG, &o.quiet, NULL, "no progress lines"},
    };
    struct fw_args a = {
        .command = "worker",
        .operands = "",
        .summary = "Join a job, pull parameters, push gradients, until a "
                   "limit or Ctrl-C.",
        .examples =
            "  flywheel worker --job digits --model cnn --data digits\n"
            "  flywheel worker --job m --model mlp --data idx:mnist "
            "--sampling shard:0/4\n"
            "  flywheel worker --job m --model mlp --data digits --slowdown 4 "
            "--wire bf16\n",
        .items = items,
        .n_items = FW_TASK_ARGS + 11,
    };
    int code;

    fw_task_args_init(&o.task);
    fw_task_args_rows(&o.task, items + 11);
    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    code = check(&a, &o);
    return code == FW_CLI_OK ? train(&a, &o) : code;
}
