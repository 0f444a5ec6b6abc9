/* train.h - the plan and the people of `flywheel train`.
 *
 * Layer: client/cli.  Thread: the main one. */
#ifndef FW_CLI_TRAIN_H
#define FW_CLI_TRAIN_H

#include "client/cli/child.h"
#include "client/cli/spec_args.h"
#include "client/cli/task_args.h"
#include "client/worker/stop.h"
#include "server/store/config.h"

#define FW_TRAIN_WORKERS_MAX 256
#define FW_TRAIN_PATH_ROOM   64 /* bytes for names behind the folder */

struct fw_train_options {
    struct fw_task_args task;
    struct fw_spec_args spec;
    const char *job;
    const char *listen; /* of the server; port 0: any free one */
    const char *folder; /* NULL: one named after the time */
    const char *wire;   /* f32 or bf16 */
    uint64_t workers;
    uint64_t stagger_ms;     /* between two workers' starts */
    double epochs;           /* 0: the default of the data */
    double slowdown;         /* of the last worker */
    double evaluate_s;       /* between two evaluations */
    double target_loss;      /* of training, ends it; NAN: none */
    struct fw_job_file file; /* owned; lends texts */
    bool json;
};

struct fw_train {
    const struct fw_train_options *o; /* lent */
    struct fw_stop *stop;             /* lent */
    char folder[FW_PATH_MAX];         /* everything lies here */
    char data[FW_PATH_MAX];           /* the server's */
    char address[FW_ADDRESS_MAX];     /* the server's */
    char program[FW_PATH_MAX];        /* flywheel */
    char server_program[FW_PATH_MAX]; /* flywheeld */
    uint64_t epoch_samples;           /* training samples */
    uint64_t versions;                /* to train for */
    double epochs;                    /* asked for */
    char schedule[FW_NAME_MAX];       /* --schedule, or one that fits */
    int64_t begun_ms;                 /* when the workers were started */
    struct fw_child server;
    struct fw_child evaluator;
    struct fw_child worker[FW_TRAIN_WORKERS_MAX];
    size_t n_workers; /* that were started */
};

/* What is known at the end. */
struct fw_train_result {
    double momentum[FW_TRAIN_WORKERS_MAX + 1]; /* by workers; NAN: never seen */
    double seconds;                            /* of training */
    bool reached;                              /* the target loss */
    double momentum_full;                      /* with the most workers seen */
    double learning_rate_full;                 /* then */
    double staleness_full;                     /* mean, then */
    uint32_t workers_full;                     /* the most seen */
    uint32_t workers_failed;
    struct fw_job_status last; /* owned; the last that was read */
    char checkpoint[FW_PATH_MAX];
};

/* Folder, programs, how long to train. */
FW_MUST_USE fw_status fw_train_plan(struct fw_train *t, struct fw_err *err);

/* Server, job, workers, evaluator.  FW_CLOSED: a signal came meanwhile. */
FW_MUST_USE fw_status fw_train_start(struct fw_train *t, struct fw_err *err);

/* Show progress until the workers have ended, then the final evaluation.
 * FW_CLOSED: a signal asked to stop. */
FW_MUST_USE fw_status fw_train_watch(struct fw_train *t,
                                     struct fw_train_result *r,
                                     struct fw_err *err);

/* End every child; none is left.  Safe at any time, and twice. */
void fw_train_stop(struct fw_train *t);

/* Where the last checkpoint is; empty if there is none.  After the stop. */
void fw_train_find_checkpoint(const struct fw_train *t, char out[FW_PATH_MAX]);

/* The summary on stdout; returns an exit code. */
int fw_train_summary(const struct fw_train *t, const struct fw_train_result *r);

#endif
