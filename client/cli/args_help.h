/* args_help.h - what a table of options says of itself.
 *
 *     --help            for people
 *     --help=man        a manual page, for the build (man/generate.py)
 *     --help=options    "--name VALUE" lines, for completion
 * (deploy/completion)
 *     --help=commands   words that may follow, for both
 *
 * Layer: client/cli.  Thread: the main one.  To stdout. */
#ifndef FW_CLI_ARGS_HELP_H
#define FW_CLI_ARGS_HELP_H

#include <stdio.h>

#include "client/cli/args.h"
#include "client/cli/command.h"

/* `form` is what stands behind "--help=", or "".  False: there is no such
 * form. */
bool fw_args_help(const struct fw_args *a, const struct fw_arg *common,
                  size_t n_common, const char *form);

/* The commands of a group, for people. */
void fw_group_list(const struct fw_command *table, const char *group, FILE *to);

/* fw_args_help() of a group of commands, "" for flywheel itself. */
bool fw_group_help(const struct fw_command *table, const char *group,
                   const char *form);

#endif
