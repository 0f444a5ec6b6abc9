#include "client/cli/exit.h"

#include <stdio.h>

int fw_cli_fail(const char *command, fw_status s, const struct fw_err *err)
{
    if (err->reason[0]) {
        fprintf(stderr, "flywheel %s: %s: %s\n", command, err->reason,
                err->text);
        return FW_CLI_REFUSED;
    }
    fprintf(stderr, "flywheel %s: %s\n", command,
            err->text[0] ? err->text : fw_status_text(s));
    if (s == FW_UNAVAILABLE || s == FW_TIMEOUT)
        return FW_CLI_UNREACHABLE;
    return s == FW_INVALID ? FW_CLI_USAGE : FW_CLI_FAILED;
}
