#include "client/cli/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/exit.h"

static void list(const struct fw_command *table, const char *group, FILE *to)
{
    const char *space = group[0] ? " " : "";

    fprintf(to, "usage: flywheel %s%sCOMMAND [OPTION]...\n\n", group, space);
    for (const struct fw_command *c = table; c->name; c++)
        fprintf(to, "  %-10s %s\n", c->name, c->summary);
    fprintf(to, "\nEvery command has --help, with examples, and --json.\n"
                "Exit codes: flywheel help exit-codes\n");
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int fw_command_run(const struct fw_command *table, const char *group, int argc,
                   char **argv)
{
    const char *space = group[0] ? " " : "";

    if (argc < 2) {
        list(table, group, stderr);
        return FW_CLI_USAGE;
    }
    if (asks_for_help(argv[1])) {
        list(table, group, stdout);
        return FW_CLI_OK;
    }
    for (const struct fw_command *c = table; c->name; c++) {
        if (strcmp(c->name, argv[1]) == 0)
            return c->run(argc - 1, argv + 1);
    }
    fprintf(stderr,
            "flywheel%s%s: '%s' is not a command; try `flywheel %s%s--help`\n",
            space, group, argv[1], group, space);
    return FW_CLI_USAGE;
}
