#include "client/cli/command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/args_help.h"
#include "client/cli/exit.h"

/* The form of help that is asked for, "" for people; NULL: none is. */
static const char *form_of_help(const char *word)
{
    static const char help[] = "--help";
    size_t n = sizeof(help) - 1;

    if (strcmp(word, help) == 0 || strcmp(word, "-h") == 0)
        return "";
    return strncmp(word, "--help=", n + 1) == 0 ? word + n + 1 : NULL;
}

int fw_command_run(const struct fw_command *table, const char *group, int argc,
                   char **argv)
{
    const char *space = group[0] ? " " : "";
    const char *form = argc < 2 ? NULL : form_of_help(argv[1]);

    if (argc < 2) {
        fw_group_list(table, group, stderr);
        return FW_CLI_USAGE;
    }
    if (form && fw_group_help(table, group, form))
        return FW_CLI_OK;
    for (const struct fw_command *c = table; c->name; c++) {
        if (strcmp(c->name, argv[1]) == 0)
            return c->run(argc - 1, argv + 1);
    }
    fprintf(stderr,
            "flywheel%s%s: '%s' is not a command; try `flywheel %s%s--help`\n",
            space, group, argv[1], group, space);
    return FW_CLI_USAGE;
}
