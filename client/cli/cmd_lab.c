#include <stddef.h>

#include "client/cli/command.h"

int fw_cmd_lab(int argc, char **argv)
{
    static const struct fw_command commands[] = {
        {"twin", fw_cmd_lab_twin, "staleness and the stable step of a cluster"},
        {"run", fw_cmd_lab_run, "laws and rivals side by side, virtual time"},
        {"grid", fw_cmd_lab_grid, "the best momentum and rate, and regrets"},
        {NULL, 0, NULL},
    };

    return fw_command_run(commands, "lab", argc, argv);
}
