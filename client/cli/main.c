/* flywheel - the command line: jobs, workers, status, momentum, training. */
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/command.h"

static const struct fw_command commands[] = {
    {"train", fw_cmd_train, "a server, workers and an evaluator in one go"},
    {"job", fw_cmd_job, "create, list, show and delete jobs"},
    {"worker", fw_cmd_worker, "join a job and train"},
    {"evaluate", fw_cmd_evaluate, "report loss and accuracy on held-out data"},
    {"status", fw_cmd_status, "how jobs are doing; --watch goes on"},
    {"top", fw_cmd_top, "jobs and workers, live in the terminal"},
    {"workers", fw_cmd_workers, "who works on a job"},
    {"history", fw_cmd_history, "what became of runs; compare two"},
    {"checkpoint", fw_cmd_checkpoint, "save, list, verify, restore, export"},
    {"momentum", fw_cmd_momentum, "show, pin or give back the momentum"},
    {"token", fw_cmd_token, "who may call a server: create, list, revoke"},
    {"certs", fw_cmd_certs, "make certificates for TLS"},
    {"tune", fw_cmd_tune, "momentum, rate, workers and law for a job"},
    {"lab", fw_cmd_lab, "laws under a virtual clock: twin, run, grid"},
    {"doctor", fw_cmd_doctor, "can a worker or a server run here?"},
    {"help", fw_cmd_help, "this list; `help exit-codes`; `help COMMAND`"},
    {"version", fw_cmd_version, "of this program"},
    {NULL, NULL, NULL},
};

const struct fw_command *fw_commands(void)
{
    return commands;
}

int main(int argc, char **argv)
{
    char *version[] = {"version", NULL};

    signal(SIGPIPE, SIG_IGN);
    setenv("GRPC_VERBOSITY", "NONE", 0); /* our own errors say it better */
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        return fw_cmd_version(1, version);
    return fw_command_run(commands, "", argc, argv);
}
