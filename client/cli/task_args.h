/* task_args.h - the options that say what is computed on which data, for
 * `worker`, `evaluate` and `train`.
 *
 * Layer: client/cli.  Thread: the main one.  Texts are lent by argv. */
#ifndef FW_CLI_TASK_ARGS_H
#define FW_CLI_TASK_ARGS_H

#include "client/cli/args.h"
#include "client/worker/task.h"

#define FW_TASK_ARGS 5 /* rows that fw_task_args_rows() makes */
#define FW_TASK_DATA "idx:DIR, cifar10:DIR, digits[:N[:SEED]] (digits)"
#define FW_BATCH_MAX 65536 /* samples */

struct fw_task_args {
    const char *model;
    const char *data;
    const char *sampling;
    uint64_t batch;
    uint64_t seed;
};

void fw_task_args_init(struct fw_task_args *a);
void fw_task_args_rows(struct fw_task_args *a, struct fw_arg *rows);

/* FW_CLI_OK, or FW_CLI_USAGE after saying what is wrong. */
int fw_task_args_check(const struct fw_args *args,
                       const struct fw_task_args *a);

void fw_task_args_apply(const struct fw_task_args *a,
                        struct fw_task_options *to);

#endif
