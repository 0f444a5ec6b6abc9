#include <stdio.h>

#include "client/cli/command.h"
#include "client/cli/json.h"
#include "client/cli/server.h"
#include "client/cli/show.h"

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

int fw_cmd_workers(int argc, char **argv)
{
    const char *job = NULL;
    const struct fw_arg items[] = {
        {"job", FW_ARG_TEXT, &job, "JOB", "required"},
    };
    struct fw_args a = {
        .command = "workers",
        .operands = "",
        .summary = "Who works on a job, who was lost, who has left.",
        .examples = "  flywheel workers --job digits\n"
                    "  flywheel workers --job digits --json\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    struct fw_status_response all = {0};
    struct fw_job_status *status = NULL;
    struct fw_admin admin = {0};
    struct fw_err err = {0};
    int code;
    fw_status s;

    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    if (!job)
        return fw_args_wrong(&a, "--job is missing");
    s = fw_cli_connect(&a.common, &admin, &err);
    if (s == FW_OK)
        s = fw_cli_job_status(&admin, job, &all, &status, &err);
    code = s == FW_OK ? show(status, a.common.json)
                      : fw_cli_fail(a.command, s, &err);
    fw_status_response_close(&all);
    fw_admin_close(&admin);
    return code;
}
