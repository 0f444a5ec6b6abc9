#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/command.h"
#include "client/cli/json.h"
#include "client/cli/server.h"
#include "client/cli/show.h"
#include "sdk/base/words.h"

static int show(const struct fw_job_status *j, bool json)
{
    json_t *list;

    if (!json) {
        fw_show_workers(stdout, j);
        return FW_CLI_OK;
    }
    list = json_array();
    for (uint32_t i = 0; i < j->n_workers; i++)
        json_array_append_new(list, fw_json_worker(&j->worker[i]));
    return fw_json_print(
        json_pack("{s:s, s:o}", "job", j->name, "workers", list));
}

/* One staleness a line, oldest first, as the lab reads it. */
static fw_status write_trace(const char *path, const char *job,
                             const struct fw_trace_response *t,
                             struct fw_err *err)
{
    FILE *f = fopen(path, "w");
    bool ok;

    if (!f)
        return fw_err_set(err, FW_IO, "cannot write %s: %s", path,
                          strerror(errno));
    ok = fprintf(f, "# staleness of job %s at version %llu, %u workers\n", job,
                 (unsigned long long)t->version, t->workers) > 0;
    for (uint32_t i = 0; i < t->n && ok; i++)
        ok = fprintf(f, "%u\n", t->taus[i]) > 0;
    ok = fclose(f) == 0 && ok;
    return ok ? FW_OK : fw_err_set(err, FW_IO, "cannot write all of %s", path);
}

static int export_trace(const struct fw_args *a, struct fw_admin *admin,
                        const char *job, const char *path)
{
    struct fw_trace_request r = {0};
    struct fw_trace_response t = {0};
    struct fw_err err = {0};
    fw_status s;

    snprintf(r.job, sizeof(r.job), "%s", job);
    s = fw_admin_trace(admin, &r, &t, &err);
    if (s == FW_OK && t.n == 0)
        s = fw_err_set(&err, FW_PRECONDITION,
                       "job %s has applied no gradient since the server "
                       "started: there is no trace yet",
                       job);
    if (s == FW_OK)
        s = write_trace(path, job, &t, &err);
    if (s == FW_OK && a->common.json)
        (void)fw_json_print(json_pack("{s:s, s:s, s:i}", "job", job, "trace",
                                      path, "gradients", (int)t.n));
    else if (s == FW_OK)
        printf("the staleness of %u gradient%s is in %s; replay it: flywheel "
               "lab twin "
               "--service trace:%s --workers %u\n",
               t.n, fw_plural(t.n), path, path, t.workers);
    fw_trace_response_close(&t);
    return s == FW_OK ? FW_CLI_OK : fw_cli_fail(a->command, s, &err);
}

static int release(int argc, char **argv)
{
    const char *job = NULL;
    const char *worker = NULL;
    const struct fw_arg items[] = {
        {"job", FW_ARG_TEXT, &job, "JOB", "required"},
        {"worker", FW_ARG_TEXT, &worker, "NAME", "required"},
    };
    struct fw_args a = {
        .command = "workers release",
        .operands = "",
        .summary = "Take the gradients of a worker in quarantine again.",
        .examples = "  flywheel workers release --job digits --worker w3\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    struct fw_release m = {.request_id = ""};
    struct fw_admin admin = {0};
    struct fw_err err = {0};
    int code;
    fw_status s;

    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    if (!job || !worker)
        return fw_args_wrong(&a, "--job and --worker are needed");
    snprintf(m.job, sizeof(m.job), "%s", job);
    snprintf(m.worker, sizeof(m.worker), "%s", worker);
    s = fw_cli_connect(&a.common, &admin, &err);
    if (s == FW_OK)
        s = fw_admin_release(&admin, &m, &err);
    fw_admin_close(&admin);
    if (s != FW_OK)
        return fw_cli_fail(a.command, s, &err);
    if (a.common.json)
        return fw_json_print(
            json_pack("{s:s, s:s}", "job", job, "released", worker));
    printf("gradients of %s are taken again\n", worker);
    return FW_CLI_OK;
}

int fw_cmd_workers(int argc, char **argv)
{
    const char *job = NULL;
    const char *trace = NULL;
    const struct fw_arg items[] = {
        {"job", FW_ARG_TEXT, &job, "JOB", "required"},
        {"export-trace", FW_ARG_TEXT, &trace, "FILE",
         "write the staleness of the last 4,096 gradients, for the lab"},
    };
    struct fw_args a = {
        .command = "workers",
        .operands = "",
        .summary = "Who works on a job, who was lost, who has left.",
        .examples = "  flywheel workers --job digits\n"
                    "  flywheel workers --job digits --json\n"
                    "  flywheel workers release --job digits --worker w3\n"
                    "  flywheel workers --job digits --export-trace taus.txt\n",
        .commands = "release",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    struct fw_status_response all = {0};
    struct fw_job_status *status = NULL;
    struct fw_admin admin = {0};
    struct fw_err err = {0};
    int code;
    fw_status s;

    if (argc > 1 && strcmp(argv[1], "release") == 0)
        return release(argc - 1, argv + 1);
    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    if (!job)
        return fw_args_wrong(&a, "--job is missing");
    s = fw_cli_connect(&a.common, &admin, &err);
    if (s == FW_OK)
        s = fw_cli_job_status(&admin, job, &all, &status, &err);
    if (s != FW_OK)
        code = fw_cli_fail(a.command, s, &err);
    else if (trace)
        code = export_trace(&a, &admin, job, trace);
    else
        code = show(status, a.common.json);
    fw_status_response_close(&all);
    fw_admin_close(&admin);
    return code;
}
