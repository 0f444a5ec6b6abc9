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
