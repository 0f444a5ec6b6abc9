#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/cli/command.h"
#include "client/cli/history_chart.h"
#include "client/cli/json.h"
#include "client/cli/server.h"
#include "client/cli/show.h"
#include "sdk/base/words.h"
#include "server/show/json_history.h"

#define MS_PER_S 1000
#define TIME_MAX 32

struct wish {
    const char *job;
    uint64_t run;    /* 0: the newest of `job` */
    uint64_t other;  /* to compare `run` with; 0: none */
    uint64_t points; /* at most; 0: what the server gives */
    const char *svg; /* file; NULL: none */
    bool runs;       /* list them */
    bool csv;
};

/* 2026-01-31T12:00:00Z */
static void tell_time(int64_t ms, char out[TIME_MAX])
{
    time_t t = (time_t)(ms / MS_PER_S);
    struct tm parts;

    gmtime_r(&t, &parts);
    strftime(out, TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

static void tell_runs(const struct fw_run_list *l)
{
    printf("%6s  %-16s  %-20s  %9s  %9s  %10s  %12s  %s\n", "run", "job",
           "started", "version", "loss", "validation", "worker-s", "law");
    for (uint32_t i = 0; i < l->n; i++) {
        const struct fw_history_run *r = &l->items[i];
        char started[TIME_MAX];
        char loss[FW_SHOWN_BYTES];
        char validation[FW_SHOWN_BYTES];

        tell_time(r->started_ms, started);
        printf("%6" PRIu64 "  %-16s  %-20s  %9" PRIu64
               "  %9s  %10s  %12.1f  %s%s\n",
               r->id, r->job, started, r->version, fw_show_loss(loss, r->loss),
               fw_show_loss(validation, r->validation_loss), r->worker_seconds,
               fw_law_name(r->law), r->ended_ms ? "  (deleted)" : "");
    }
    if (!l->n)
        puts("no runs yet: each job that trains leaves one");
}

/* A number, or nothing. */
static void tell_cell(double x)
{
    if (isfinite(x))
        printf(",%.9g", x);
    else
        putchar(',');
}

static void tell_csv(const struct fw_history_series *s)
{
    printf("time,version,worker_seconds");
    for (unsigned k = 0; k < FW_SERIES_COUNT; k++)
        printf(",%s_min,%s_max", fw_series_name(k), fw_series_name(k));
    putchar('\n');
    for (uint32_t i = 0; i < s->n; i++) {
        printf("%.3f", fw_history_column(s, FW_HISTORY_TIME)[i]);
        for (unsigned c = FW_HISTORY_VERSION; c < FW_HISTORY_COLUMNS; c++)
            tell_cell(fw_history_column(s, c)[i]);
        putchar('\n');
    }
}

/* For people: a line for each of some ten points. */
static void tell_table(const struct fw_history_series *s)
{
    const uint32_t lines = 12;
    uint32_t step = s->n > lines ? s->n / lines : 1;

    printf("run %" PRIu64 " of job %s: %" PRIu64 " row%s\n", s->run, s->job,
           s->rows, fw_plural(s->rows));
    printf("%-20s  %9s  %9s  %9s  %9s  %9s  %7s\n", "time", "version", "loss",
           "momentum", "implicit", "step", "workers");
    for (uint32_t i = s->n ? (s->n - 1) % step : 0; i < s->n; i += step) {
        char at[TIME_MAX];
        char loss[FW_SHOWN_BYTES];

        tell_time(
            (int64_t)(fw_history_column(s, FW_HISTORY_TIME)[i] * MS_PER_S), at);
        printf("%-20s  %9.0f  %9s  %9.3g  %9.3g  %9.3g  %7.0f\n", at,
               fw_history_column(s, FW_HISTORY_VERSION)[i],
               fw_show_loss(loss, fw_history_high(s, FW_SERIES_loss)[i]),
               fw_history_high(s, FW_SERIES_momentum)[i],
               fw_history_high(s, FW_SERIES_implicit_predicted)[i],
               fw_history_high(s, FW_SERIES_effective_step)[i],
               fw_history_high(s, FW_SERIES_workers)[i]);
    }
}

static fw_status fetch(struct fw_admin *admin, const struct wish *w,
                       uint64_t run, struct fw_history_series *out,
                       struct fw_err *err)
{
    struct fw_history_request m = {.run = run, .points = (uint32_t)w->points};

    if (!run)
        snprintf(m.job, sizeof(m.job), "%s", w->job);
    return fw_admin_history(admin, &m, out, err);
}

static fw_status tell_series(const struct fw_args *a, const struct wish *w,
                             struct fw_admin *admin, struct fw_err *err)
{
    struct fw_history_series one = {.n = 0};
    struct fw_history_series two = {.n = 0};
    fw_status s = fetch(admin, w, w->run, &one, err);

    if (s == FW_OK && w->other)
        s = fetch(admin, w, w->other, &two, err);
    if (s == FW_OK && w->svg)
        s = fw_history_chart(w->svg, &one, w->other ? &two : NULL, err);
    if (s != FW_OK)
        goto done;
    if (w->csv) {
        tell_csv(&one);
    } else if (a->common.json && w->other) {
        (void)fw_json_print(
            json_pack("[o, o]", fw_json_history(&one), fw_json_history(&two)));
    } else if (a->common.json) {
        (void)fw_json_print(fw_json_history(&one));
    } else {
        tell_table(&one);
        if (w->other)
            tell_table(&two);
        if (w->svg)
            printf("drawn in %s\n", w->svg);
    }
done:
    fw_history_series_close(&one);
    fw_history_series_close(&two);
    return s;
}

static fw_status tell_list(const struct fw_args *a, const struct wish *w,
                           struct fw_admin *admin, struct fw_err *err)
{
    struct fw_runs_request m = {.limit = 0};
    struct fw_run_list list = {0};
    fw_status s;

    snprintf(m.job, sizeof(m.job), "%s", w->job ? w->job : "");
    s = fw_admin_runs(admin, &m, &list, err);
    if (s == FW_OK && a->common.json)
        (void)fw_json_print(fw_json_runs(&list));
    else if (s == FW_OK)
        tell_runs(&list);
    fw_run_list_close(&list);
    return s;
}

int fw_cmd_history(int argc, char **argv)
{
    struct wish w = {.job = NULL};
    const struct fw_arg items[] = {
        {"job", FW_ARG_TEXT, &w.job, "JOB", "its newest run"},
        {"runs", FW_ARG_FLAG, &w.runs, NULL, "list runs, newest first"},
        {"run", FW_ARG_COUNT, &w.run, "N", "a run by its number"},
        {"compare", FW_ARG_COUNT, &w.other, "N", "with this run"},
        {"points", FW_ARG_COUNT, &w.points, "N", "at most (2000)"},
        {"svg", FW_ARG_TEXT, &w.svg, "FILE", "draw loss by version"},
        {"csv", FW_ARG_FLAG, &w.csv, NULL, "every column, on stdout"},
    };
    struct fw_args a = {
        .command = "history",
        .operands = "",
        .summary = "What became of runs, second by second: loss, momentum, "
                   "step, workers, cost.",
        .examples = "  flywheel history --runs\n"
                    "  flywheel history --job digits --csv > digits.csv\n"
                    "  flywheel history --run 3 --compare 4 --svg both.svg\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    struct fw_admin admin = {0};
    struct fw_err err = {0};
    int code;
    fw_status s;

    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    if (!w.runs && !w.run && !w.job)
        return fw_args_wrong(&a, "--job, --run or --runs is needed");
    if (w.points > FW_HISTORY_POINTS_MAX)
        return fw_args_wrong(&a, "--points is at most %u",
                             FW_HISTORY_POINTS_MAX);
    s = fw_cli_connect(&a.common, &admin, &err);
    if (s == FW_OK)
        s = w.runs ? tell_list(&a, &w, &admin, &err)
                   : tell_series(&a, &w, &admin, &err);
    fw_admin_close(&admin);
    return s == FW_OK ? FW_CLI_OK : fw_cli_fail(a.command, s, &err);
}
