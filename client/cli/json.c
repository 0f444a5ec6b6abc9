#include "client/cli/json.h"

#include <stdio.h>
#include <unistd.h>

#include "client/cli/exit.h"

#define INDENT 2 /* columns, for people */

int fw_json_print(json_t *j)
{
    size_t flags = 0;
    int failed;

    if (!j) {
        fputs("flywheel: out of memory for JSON\n", stderr);
        return FW_CLI_FAILED;
    }
    if (isatty(STDOUT_FILENO))
        flags |= JSON_INDENT(INDENT);
    failed = json_dumpf(j, stdout, flags);
    json_decref(j);
    if (failed || putchar('\n') == EOF || fflush(stdout)) {
        fputs("flywheel: cannot write to stdout\n", stderr);
        return FW_CLI_FAILED;
    }
    return FW_CLI_OK;
}

json_t *fw_json_status(const struct fw_status_response *r)
{
    json_t *jobs = json_array();

    for (uint32_t i = 0; i < r->n_jobs; i++)
        json_array_append_new(jobs, fw_json_job(&r->jobs[i]));
    return json_pack("{s:o, s:o}", "server", fw_json_server(&r->server), "jobs",
                     jobs);
}
