#include <stdio.h>
#include <string.h>

#include "client/cli/command.h"
#include "client/cli/init_file.h"
#include "client/cli/json.h"
#include "client/cli/server.h"
#include "client/cli/spec_args.h"
#include "client/cli/task_args.h"
#include "sdk/base/mem.h"
#include "sdk/base/words.h"

#define OWN_ROWS 6 /* before those of spec_args.h */

struct create_options {
    const char *name;
    const char *model;
    const char *data;
    const char *init;
    const char *tensors;
    struct fw_spec_args spec;
    struct fw_job_file file; /* owned; lends texts */
};

/* The tensors of a network on some data. */
static fw_status tensors_of_net(const struct create_options *o,
                                struct fw_tensor_list *out, struct fw_err *err)
{
    struct fw_task_args args;
    struct fw_task_options options;
    struct fw_task task = {0};
    const struct fw_tensor *t;
    uint32_t n;
    fw_status s;

    fw_task_args_init(&args);
    args.model = o->model;
    if (o->data)
        args.data = o->data;
    fw_task_args_apply(&args, &options);
    s = fw_task_open(&task, &options, err);
    if (s != FW_OK)
        return s;
    t = fw_task_tensors(&task, &n);
    out->items = fw_mem_array(n, sizeof(*out->items));
    if (!out->items) {
        fw_task_close(&task);
        return fw_err_set(err, FW_NOMEM, "out of memory");
    }
    for (uint32_t i = 0; i < n; i++) {
        struct fw_tensor_spec *to = &out->items[out->n++];

        snprintf(to->name, sizeof(to->name), "%s", t[i].name);
        to->rank = t[i].rank;
        memcpy(to->shape, t[i].shape, sizeof(to->shape));
    }
    fw_task_close(&task);
    return s;
}

/* Where the tensors come from; moves the file's to the spec. */
static fw_status take_tensors(const struct create_options *o,
                              struct fw_init_file *file,
                              struct fw_tensor_list *out, struct fw_err *err)
{
    fw_status s;

    if (o->model)
        return tensors_of_net(o, out, err);
    if (o->tensors)
        return fw_tensors_parse(o->tensors, out, err);
    s = fw_init_file_open(file, o->init, err);
    if (s == FW_OK) {
        *out = file->tensors; /* give */
        file->tensors = (struct fw_tensor_list){0};
    }
    return s;
}

static fw_status create(const struct fw_cli_common *common,
                        const struct create_options *o,
                        struct fw_job_message *answer, struct fw_err *err)
{
    struct fw_initialize_response uploaded;
    struct fw_job_message m = {0};
    struct fw_init_file file = {0};
    struct fw_admin admin = {0};
    fw_status s;

    snprintf(m.spec.name, sizeof(m.spec.name), "%s", o->name);
    s = fw_spec_args_apply(&o->spec, &m.spec, err);
    if (s == FW_OK)
        s = take_tensors(o, &file, &m.spec.tensors, err);
    if (s == FW_OK)
        s = fw_cli_connect(common, &admin, err);
    if (s == FW_OK)
        s = fw_admin_create_job(&admin, &m, answer, err);
    if (s == FW_OK && file.n)
        s = fw_admin_initialize(&admin, o->name, file.values, file.n, &uploaded,
                                err);
    fw_admin_close(&admin);
    fw_init_file_close(&file);
    fw_job_message_close(&m);
    return s;
}

static int check(const struct fw_args *a, const struct create_options *o)
{
    if (!o->name)
        return fw_args_wrong(a, "--name is missing");
    if (strlen(o->name) > FW_NAME_MAX)
        return fw_args_wrong(a, "--name is at most %d letters", FW_NAME_MAX);
    if (!!o->model + !!o->init + !!o->tensors != 1)
        return fw_args_wrong(a, "give one of --model, --init and --tensors");
    if (o->data && !o->model)
        return fw_args_wrong(a, "--data needs --model");
    return FW_CLI_OK;
}

static void tell_made(const struct fw_job_spec *spec)
{
    uint64_t n = fw_tensor_list_elements(&spec->tensors);

    fprintf(stderr, "job %s is there, with %llu parameter%s\n", spec->name,
            (unsigned long long)n, fw_plural(n));
}

int fw_cmd_job_create(int argc, char **argv)
{
    struct create_options o = {0};
    struct fw_arg items[OWN_ROWS + FW_SPEC_ARGS] = {
        {"name", FW_ARG_TEXT, &o.name, "JOB", "required"},
        {"model", FW_ARG_TEXT, &o.model, "MODEL",
         "tensors of linear, logistic, mlp or cnn"},
        {"data", FW_ARG_TEXT, &o.data, "SPEC", FW_TASK_DATA},
        {"init", FW_ARG_TEXT, &o.init, "FILE",
         "tensors and first parameters from safetensors"},
        {"tensors", FW_ARG_TEXT, &o.tensors, "LIST",
         "NAME:2x3,... (a name alone is a scalar)"},
        {"job-file", FW_ARG_FILE, &o.file, "FILE", FW_JOB_FILE_HELP},
    };
    struct fw_args a = {
        .command = "job create",
        .operands = "",
        .summary = "Make a job on a server.  Without --init the first worker "
                   "uploads the first parameters.",
        .examples =
            "  flywheel job create --name digits --model cnn --data digits\n"
            "  flywheel job create --name mine --init start.safetensors "
            "--schedule cosine:10000\n"
            "  flywheel job create --name lin --tensors weight:3,bias "
            "--law fixed\n",
        .items = items,
        .n_items = OWN_ROWS + FW_SPEC_ARGS,
    };
    struct fw_job_message answer = {0};
    struct fw_err err = {0};
    int code;
    fw_status s;

    fw_spec_args_init(&o.spec);
    fw_spec_args_rows(&o.spec, items + OWN_ROWS);
    if (!fw_args_read(&a, argc, argv, &code))
        goto done;
    code = check(&a, &o);
    if (code != FW_CLI_OK)
        goto done;
    s = create(&a.common, &o, &answer, &err);
    if (s != FW_OK)
        code = fw_cli_fail(a.command, s, &err);
    else if (a.common.json)
        code = fw_json_print(fw_json_spec(&answer.spec));
    else
        tell_made(&answer.spec);
    fw_job_message_close(&answer);
done:
    fw_job_file_close(&o.file);
    return code;
}
