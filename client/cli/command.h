/* command.h - the subcommands: one function each, one cmd_*.c a noun.
 *
 * A command gets argv from its own name on, says data on stdout and everything
 * else on stderr, and returns an exit code (exit.h).
 *
 * Layer: client/cli.  Thread: the main one. */
#ifndef FW_CLI_COMMAND_H
#define FW_CLI_COMMAND_H

typedef int fw_command_fn(int argc, char **argv);

struct fw_command {
    const char *name;
    fw_command_fn *run;
    const char *summary; /* for `flywheel help` */
};

/* The command named by argv[1] of a table that ends with a name of NULL; says
 * what there is if it is none. `group` is "" or the word before, as "job". */
int fw_command_run(const struct fw_command *table, const char *group, int argc,
                   char **argv);

/* The table of `flywheel` itself. */
const struct fw_command *fw_commands(void);

fw_command_fn fw_cmd_job;
fw_command_fn fw_cmd_job_create;
fw_command_fn fw_cmd_worker;
fw_command_fn fw_cmd_evaluate;
fw_command_fn fw_cmd_status;
fw_command_fn fw_cmd_top;
fw_command_fn fw_cmd_doctor;
fw_command_fn fw_cmd_workers;
fw_command_fn fw_cmd_history;
fw_command_fn fw_cmd_checkpoint;
fw_command_fn fw_cmd_momentum;
fw_command_fn fw_cmd_train;
fw_command_fn fw_cmd_tune;
fw_command_fn fw_cmd_lab;
fw_command_fn fw_cmd_lab_twin;
fw_command_fn fw_cmd_lab_run;
fw_command_fn fw_cmd_lab_grid;
fw_command_fn fw_cmd_token;
fw_command_fn fw_cmd_certs;
fw_command_fn fw_cmd_help;
fw_command_fn fw_cmd_version;

#endif
