/* args.h - the options of one command, as a table.
 *
 * The table makes the parser, the messages and the help, so that they cannot
 * differ.  Every command also takes --server, --json, --timeout and --help.
 *
 * Layer: client/cli.  Thread: the main one.  Texts are lent by argv. */
#ifndef FW_CLI_ARGS_H
#define FW_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/cli/exit.h"
#include "client/cli/job_file.h"

enum fw_arg_kind {
    FW_ARG_FLAG,   /* bool */
    FW_ARG_TEXT,   /* const char * */
    FW_ARG_COUNT,  /* uint64_t, decimal */
    FW_ARG_NUMBER, /* double, finite */
    FW_ARG_OWN,    /* a count; in a job file the name means another thing */
    FW_ARG_FILE,   /* struct fw_job_file, which the caller closes */
    FW_ARG_HELP,   /* const char *: its form (args_help.h), NULL: not given */
};

struct fw_arg {
    const char *name; /* without dashes */
    enum fw_arg_kind kind;
    void *to;          /* what `kind` says; keeps its default if not given */
    const char *value; /* what help calls the value; NULL for a flag */
    const char *help;
};

/* What every command takes. */
struct fw_cli_common {
    const char *server;  /* host:port */
    uint64_t timeout_ms; /* of a call */
    const char *ca;      /* files; NULL: what the environment says */
    const char *cert;
    const char *key;
    const char *token_file;
    bool json;
};

struct fw_args {
    const char *command;   /* "job create" */
    const char *operands;  /* what help calls them; "" if there are none */
    const char *summary;   /* a sentence */
    const char *examples;  /* lines */
    const char *commands;  /* a word with a help of its own; NULL: none */
    unsigned min_operands; /* fewer are refused */
    unsigned max_operands; /* more are refused */
    const struct fw_arg *items;
    size_t n_items;
    struct fw_cli_common common; /* out */
    char **operand;              /* out: lent by argv */
    unsigned n_operands;         /* out */
};

/* Read argv[1..].  True: go on.  False: leave with *exit_code; what there was
 * to say was said. */
/* Texts of a job file are lent by it. */
bool fw_args_read(struct fw_args *a, int argc, char **argv, int *exit_code);

/* Say what is wrong and where help is; returns FW_CLI_USAGE. */
__attribute__((format(printf, 2, 3))) int fw_args_wrong(const struct fw_args *a,
                                                        const char *fmt, ...);

#endif
