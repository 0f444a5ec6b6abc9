/* child.h - the processes that `flywheel train` starts and ends.
 *
 * A child has a log of its own, a process group of its own (so that Ctrl-C
 * reaches only the parent, which ends the children in order), and dies with its
 * parent whatever kills that.
 *
 * All children are started before anything opens gRPC: a process that has gRPC
 * threads must not fork.
 *
 * Layer: client/cli.  Thread: the main one. */
#ifndef FW_CLI_CHILD_H
#define FW_CLI_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "sdk/wire/messages.h"

#define FW_CHILD_ARGS_MAX 96 /* words of a command line, with its NULL */

struct fw_child {
    pid_t pid;              /* 0: never started */
    bool is_running;        /* not yet waited for */
    int status;             /* waitpid's, once it has ended */
    char name[FW_NAME_MAX]; /* for people */
    char log[FW_PATH_MAX];  /* its stdout and stderr */
};

/* A command line that is being put together. */
struct fw_words {
    const char *items[FW_CHILD_ARGS_MAX]; /* lent; ends with NULL */
    size_t n;
    bool is_cut; /* a word did not fit */
};

void fw_words_add(struct fw_words *w, const char *word);

/* "--name", "value". */
void fw_words_option(struct fw_words *w, const char *name, const char *value);

/* Start words[0].  FW_IO: no log, no process; the child is then not started. */
FW_MUST_USE fw_status fw_child_start(struct fw_child *c, const char *name,
                                     const char *log,
                                     const struct fw_words *words,
                                     struct fw_err *err);

/* Has it ended?  Never waits. */
bool fw_child_ended(struct fw_child *c);

/* Did it end by itself and well, or because it was told to? */
bool fw_child_was_well(const struct fw_child *c);

void fw_child_signal(struct fw_child *c, int number);

/* Tell all to end, wait, and kill those that take more than `ms`.  Safe on
 * children that have ended or were never started. */
void fw_children_stop(struct fw_child *all, size_t n, int64_t ms);

/* Copy the last lines of a log to stderr. */
void fw_child_show_log(const struct fw_child *c);

#endif
