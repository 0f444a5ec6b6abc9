#include <stdio.h>

#include "client/cli/command.h"
#include "client/cli/json.h"
#include "client/cli/server.h"
#include "client/cli/show.h"
#include "client/worker/stop.h"
#include "sdk/base/words.h"

#define WATCH_MS     1000 /* between two looks */
#define WATCH_MIN_MS 10

struct status_options {
    const char *job; /* NULL: all */
    uint64_t interval_ms;
    bool watch;
};

static int show(const struct fw_status_response *r, bool json)
{
    if (json)
        return fw_json_print(fw_json_status(r));
    printf("server %s, up %llu s, %u job%s%s\n", r->server.version,
           (unsigned long long)(r->server.uptime_ms / 1000), r->server.jobs,
           fw_plural(r->server.jobs), r->server.draining ? ", draining" : "");
    for (uint32_t i = 0; i < r->n_jobs; i++)
        fw_show_job(stdout, &r->jobs[i]);
    fflush(stdout);
    return FW_CLI_OK;
}

/* Look once, or until a signal. */
static int look(const struct fw_args *a, const struct status_options *o,
                struct fw_admin *admin, struct fw_stop *stop)
{
    struct fw_err err = {0};
    int code;

    do {
        struct fw_status_response r = {0};
        fw_status s = fw_cli_status(admin, o->job, a->common.json, &r, &err);

        if (s != FW_OK) {
            fw_status_response_close(&r);
            return fw_cli_fail(a->command, s, &err);
        }
        code = show(&r, a->common.json);
        fw_status_response_close(&r);
        if (code != FW_CLI_OK || !o->watch)
            return code;
    } while (!fw_stop_wait(stop, (int64_t)o->interval_ms));
    return FW_CLI_INTERRUPTED;
}

int fw_cmd_status(int argc, char **argv)
{
    struct status_options o = {.interval_ms = WATCH_MS};
    const struct fw_arg items[] = {
        {"job", FW_ARG_TEXT, &o.job, "JOB", "only this one (all)"},
        {"watch", FW_ARG_FLAG, &o.watch, NULL, "go on until Ctrl-C"},
        {"interval-ms", FW_ARG_COUNT, &o.interval_ms, "MS",
         "between two looks (1000)"},
    };
    struct fw_args a = {
        .command = "status",
        .operands = "",
        .summary = "How the server and its jobs are doing.",
        .examples = "  flywheel status\n"
                    "  flywheel status --job digits --watch\n"
                    "  flywheel status --json | jq .jobs[0].loss\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    struct fw_admin admin = {0};
    struct fw_stop stop = {0};
    struct fw_err err = {0};
    int code;
    fw_status s;

    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    if (o.interval_ms < WATCH_MIN_MS)
        return fw_args_wrong(&a, "--interval-ms is at least %d", WATCH_MIN_MS);
    s = fw_stop_open(&stop, &err);
    if (s == FW_OK)
        s = fw_cli_connect(&a.common, &admin, &err);
    code = s == FW_OK ? look(&a, &o, &admin, &stop)
                      : fw_cli_fail(a.command, s, &err);
    fw_admin_close(&admin);
    fw_stop_close(&stop);
    return code;
}
