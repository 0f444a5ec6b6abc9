/* exit.h - what flywheel's exit codes mean; `flywheel help exit-codes` and the
 * tests say the same.
 *
 * Layer: client/cli.  Thread: any. */
#ifndef FW_CLI_EXIT_H
#define FW_CLI_EXIT_H

#include "sdk/base/status.h"

#define FW_EXIT_MAP(X)                                                         \
    X(OK, 0, "done")                                                           \
    X(FAILED, 1, "failed; stderr says why")                                    \
    X(USAGE, 2, "the command line is not understood")                          \
    X(UNREACHABLE, 3, "no server answers at the address")                      \
    X(REFUSED, 4, "the server said no; stderr names its reason")               \
    X(INTERRUPTED, 130, "ended by SIGINT or SIGTERM")

enum fw_cli_exit {
#define FW_EXIT_ENUM(code, number, text) FW_CLI_##code = number,
    FW_EXIT_MAP(FW_EXIT_ENUM)
#undef FW_EXIT_ENUM
};

/* Say on stderr why `command` failed, and return the code for it: refused if
 * the error carries a reason, unreachable if nobody answered. */
int fw_cli_fail(const char *command, fw_status s, const struct fw_err *err);

#endif
