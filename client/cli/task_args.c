#include "client/cli/task_args.h"

#include <string.h>

#define BATCH 32 /* samples; what the papers use */

void fw_task_args_init(struct fw_task_args *a)
{
    *a = (struct fw_task_args){.model = "cnn",
                               .data = "digits",
                               .sampling = "iid",
                               .batch = BATCH,
                               .seed = 1};
}

void fw_task_args_rows(struct fw_task_args *a, struct fw_arg *rows)
{
    const struct fw_arg all[FW_TASK_ARGS] = {
        {"model", FW_ARG_TEXT, &a->model, "MODEL",
         "linear, logistic, mlp or cnn (cnn)"},
        {"data", FW_ARG_TEXT, &a->data, "SPEC", FW_TASK_DATA},
        {"sampling", FW_ARG_TEXT, &a->sampling, "S",
         "iid, or shard:I/N for a part of its own (iid)"},
        {"batch", FW_ARG_COUNT, &a->batch, "N", "samples of a gradient (32)"},
        {"seed", FW_ARG_COUNT, &a->seed, "N",
         "of batches and first parameters (1)"},
    };

    memcpy(rows, all, sizeof(all));
}

int fw_task_args_check(const struct fw_args *args, const struct fw_task_args *a)
{
    if (a->batch < 1 || a->batch > FW_BATCH_MAX)
        return fw_args_wrong(args, "--batch is 1 to %d", FW_BATCH_MAX);
    return FW_CLI_OK;
}

void fw_task_args_apply(const struct fw_task_args *a,
                        struct fw_task_options *to)
{
    *to = (struct fw_task_options){.model = a->model,
                                   .data = a->data,
                                   .sampling = a->sampling,
                                   .batch = (uint32_t)a->batch,
                                   .seed = a->seed};
}
