#include "client/cli/lab_args.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sdk/base/clock.h"
#include "sdk/wire/tensor.h"

#define BAR 30 /* characters of the progress bar */

void fw_lab_args_init(struct fw_lab_args *a)
{
    *a = (struct fw_lab_args){
        .problem = "mlp",
        .data = "digits",
        .workers = "1,4,8,16,32",
        .service = "exponential",
        .reference = "0.9,0.03",
        .target_loss = NAN,
        .max_time = 600,
        .max_updates = 20000,
        .seeds = 3,
        .seed = 1,
        .changes = "",
        .batch = 32,
        .check_every = 10,
        .probe_interval = 100,
        .unit_ms = 100,
        .wire = "f32",
    };
}

void fw_lab_args_rows(struct fw_lab_args *a, struct fw_arg *rows)
{
    const struct fw_arg all[FW_LAB_ROWS] = {
        {"problem", FW_ARG_TEXT, &a->problem, "P",
         "quadratic:KAPPA[:NOISE], linear, logistic, mlp or cnn (mlp)"},
        {"data", FW_ARG_TEXT, &a->data, "SPEC",
         "of a network: idx:DIR, cifar10:DIR, digits[:N[:SEED]] (digits)"},
        {"workers", FW_ARG_TEXT, &a->workers, "LIST",
         "numbers of workers (1,4,8,16,32)"},
        {"service", FW_ARG_TEXT, &a->service, "SPEC", FW_SERVICE_RULE},
        {"straggler", FW_ARG_NUMBER, &a->straggler, "X",
         "one worker is X times slower than the others"},
        {"reference", FW_ARG_TEXT, &a->reference, "MU,LR",
         "tuned with one worker (0.9,0.03)"},
        {"target-loss", FW_ARG_NUMBER, &a->target_loss, "L",
         "a run ends when the training loss is there (networks 0.25)"},
        {"max-time", FW_ARG_NUMBER, &a->max_time, "T",
         "a run's end, in mean service times (600)"},
        {"max-updates", FW_ARG_COUNT, &a->max_updates, "N",
         "a run's end, in updates; 0: none (20000)"},
        {"seeds", FW_ARG_COUNT, &a->seeds, "N", "runs of each arm (3)"},
        {"seed", FW_ARG_COUNT, &a->seed, "S", "the first seed (1)"},
        {"change", FW_ARG_TEXT, &a->changes, "LIST", FW_CHANGE_RULE},
        {"batch", FW_ARG_COUNT, &a->batch, "N", "samples of a gradient (32)"},
        {"check-every", FW_ARG_COUNT, &a->check_every, "N",
         "updates between looks at the loss (10)"},
        {"probe-interval", FW_ARG_COUNT, &a->probe_interval, "N",
         "updates between curvature probes; 0: none (100)"},
        {"unit-ms", FW_ARG_NUMBER, &a->unit_ms, "MS",
         "a mean service time on the controller's clock (100)"},
        {"validate", FW_ARG_FLAG, &a->validate, NULL,
         "judge the end of each run on held-out data"},
        {"threads", FW_ARG_COUNT, &a->threads, "N",
         "runs side by side (as many as processors)"},
        {"report", FW_ARG_TEXT, &a->report, "FILE", "write an HTML report"},
        {"wire", FW_ARG_TEXT, &a->wire, "DTYPE", FW_WIRE_RULE " (f32)"},
        {"quiet", FW_ARG_FLAG, &a->quiet, NULL, "no progress bar"},
    };

    memcpy(rows, all, sizeof(all));
}

static fw_status read_cells(struct fw_lab_args *a, struct fw_study *s,
                            struct fw_err *err)
{
    struct fw_number_list *l = &a->worker_counts;
    fw_status status = fw_number_list_parse("workers", a->workers, 1,
                                            FW_SIM_WORKERS_MAX, l, err);

    for (size_t i = 0; status == FW_OK && i < l->n; i++)
        a->cells[i] = (struct fw_cell){(uint32_t)l->items[i], a->straggler};
    s->cells = a->cells;
    s->n_cells = l->n;
    return status;
}

static fw_status read_reference(const struct fw_lab_args *a, struct fw_study *s,
                                struct fw_err *err)
{
    struct fw_number_list l;
    fw_status status =
        fw_number_list_parse("reference", a->reference, -1, 1e6, &l, err);

    if (status == FW_OK &&
        (l.n != 2 || !(fabs(l.items[0]) < 1.0) || !(l.items[1] > 0.0)))
        status = fw_err_set(err, FW_INVALID,
                            "--reference '%s' is not MU,LR with MU between -1 "
                            "and 1 and LR above 0",
                            a->reference);
    s->reference_momentum = l.items[0];
    s->reference_rate = l.items[1];
    return status;
}

/* What is no number for a run. */
static fw_status check(const struct fw_lab_args *a, struct fw_err *err)
{
    if (a->straggler != 0.0 && !(a->straggler >= 1.0))
        return fw_err_set(err, FW_INVALID, "--straggler is at least 1, not %g",
                          a->straggler);
    if (!(a->max_time > 0.0) || !(a->unit_ms > 0.0))
        return fw_err_set(err, FW_INVALID,
                          "--max-time and --unit-ms are above 0");
    if (a->seeds < 1 || a->seeds > 1000)
        return fw_err_set(err, FW_INVALID, "--seeds is 1 to 1000");
    if (a->check_every < 1 || a->check_every > 1000000)
        return fw_err_set(err, FW_INVALID, "--check-every is 1 to 1000000");
    if (a->batch < 1 || a->batch > 16384)
        return fw_err_set(err, FW_INVALID, "--batch is 1 to 16384");
    return FW_OK;
}

static bool show_progress(void *user, size_t done, size_t n)
{
    struct fw_lab_args *a = user;
    double now_s = (double)fw_clock_mono_ms() / 1000.0;
    double part = n ? (double)done / (double)n : 1.0;
    int full = (int)(part * BAR);
    double left_s = done ? (now_s - a->began_s) * (1.0 - part) / part : 0.0;

    if (a->quiet || !isatty(STDERR_FILENO))
        return true;
    fprintf(stderr, "\r[%.*s%*s] %zu of %zu runs, %.0f s left   ", full,
            "##############################", BAR - full, "", done, n, left_s);
    if (done == n)
        fprintf(stderr, "\r%*s\r", BAR + 40, "");
    fflush(stderr);
    return true;
}

static void fill(struct fw_lab_args *a, struct fw_study *s)
{
    s->problem = a->problem;
    s->data = fw_problem_wants_data(a->problem) ? &a->dataset : NULL;
    s->service = &a->times;
    s->changes = a->change;
    s->seed = a->seed;
    s->n_seeds = (uint32_t)a->seeds;
    s->target_loss = a->target_loss;
    s->max_time = a->max_time;
    s->max_updates = a->max_updates;
    s->check_every = (uint32_t)a->check_every;
    s->probe_interval = (uint32_t)a->probe_interval;
    s->batch = (uint32_t)a->batch;
    s->unit_ms = a->unit_ms;
    s->validate = a->validate;
    s->threads = a->threads;
    s->progress = show_progress;
    s->user = a;
}

int fw_lab_args_study(const struct fw_args *args, struct fw_lab_args *a,
                      struct fw_study *study)
{
    struct fw_err err = {0};
    fw_status s = check(a, &err);

    a->began_s = (double)fw_clock_mono_ms() / 1000.0;
    *study = (struct fw_study){0};
    if (isnan(a->target_loss) && !a->validate &&
        fw_problem_wants_data(a->problem))
        a->target_loss = 0.25;
    fill(a, study);
    if (s == FW_OK)
        s = read_cells(a, study, &err);
    if (s == FW_OK)
        s = read_reference(a, study, &err);
    if (s == FW_OK)
        s = fw_service_parse(a->service, &a->times, &err);
    if (s == FW_OK)
        s = fw_dtype_parse(a->wire, &study->wire, &study->wire_share, &err);
    if (s == FW_OK)
        s = fw_changes_parse(a->changes, a->change, &study->n_changes, &err);
    if (s == FW_OK && study->data)
        s = fw_dataset_load(&a->dataset, a->data, &err);
    if (s == FW_INVALID)
        return fw_args_wrong(args, "%s", err.text);
    return s == FW_OK ? FW_CLI_OK : fw_cli_fail(args->command, s, &err);
}

void fw_lab_args_close(struct fw_lab_args *a)
{
    fw_dataset_close(&a->dataset);
    fw_service_close(&a->times);
}

void fw_lab_command_line(int argc, char **argv, const char *before, char *out,
                         size_t size)
{
    size_t n = (size_t)snprintf(out, size, "flywheel %s", before);

    for (int i = 1; i < argc && n < size; i++)
        n += (size_t)snprintf(out + n, size - n,
                              strpbrk(argv[i], " '\"$*") ? " '%s'" : " %s",
                              argv[i]);
}
