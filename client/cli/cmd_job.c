#include <stdio.h>
#include <string.h>

#include "client/cli/args.h"
#include "client/cli/command.h"
#include "client/cli/json.h"
#include "client/cli/server.h"
#include "sdk/base/words.h"

static int list_jobs(int argc, char **argv)
{
    struct fw_args a = {
        .command = "job list",
        .operands = "",
        .summary = "Name the jobs of a server, one a line.",
        .examples = "  flywheel job list\n  flywheel job list --json\n",
    };
    struct fw_job_names names = {0};
    struct fw_admin admin = {0};
    struct fw_err err = {0};
    int code;
    fw_status s;

    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    s = fw_cli_connect(&a.common, &admin, &err);
    if (s == FW_OK)
        s = fw_admin_list_jobs(&admin, &names, &err);
    if (s != FW_OK)
        code = fw_cli_fail(a.command, s, &err);
    else if (a.common.json)
        code = fw_json_print(json_pack("{s:o}", "jobs", fw_json_names(&names)));
    else
        for (uint32_t i = 0; i < names.n; i++)
            puts(names.items[i]);
    fw_job_names_close(&names);
    fw_admin_close(&admin);
    return code;
}

/* What the job asked for; `flywheel status` tells what it got. */
static void show_quota(const struct fw_quota_spec *q)
{
    if (q->memory_bytes)
        printf("  holds at most %llu bytes\n",
               (unsigned long long)q->memory_bytes);
    if (q->bytes_per_second)
        printf("  at most %llu bytes/s\n",
               (unsigned long long)q->bytes_per_second);
    if (q->gradients_per_second > 0.0)
        printf("  at most %g gradients/s\n", q->gradients_per_second);
}

static void show_spec(const struct fw_job_spec *s)
{
    uint64_t n = fw_tensor_list_elements(&s->tensors);

    printf("%s: %u tensor%s, %llu element%s\n", s->name, s->tensors.n,
           fw_plural(s->tensors.n), (unsigned long long)n, fw_plural(n));
    for (uint32_t i = 0; i < s->tensors.n; i++) {
        const struct fw_tensor_spec *t = &s->tensors.items[i];

        printf("  %-32s", t->name);
        for (uint32_t k = 0; k < t->rank; k++)
            printf("%s%llu", k ? " x " : "", (unsigned long long)t->shape[k]);
        puts(t->rank ? "" : "scalar");
    }
    printf("  law %s, reference momentum %g, reference learning rate %g\n",
           fw_law_name(s->controller.law), s->controller.reference_momentum,
           s->controller.reference_learning_rate);
    printf("  at most %u workers, lease %u ms\n", s->limits.max_workers,
           s->limits.lease_ms);
    show_quota(&s->limits.quota);
}

static int show_job(int argc, char **argv)
{
    struct fw_args a = {
        .command = "job show",
        .operands = "JOB",
        .summary = "Show what a job is: tensors, optimizer, law, limits.",
        .examples = "  flywheel job show digits\n"
                    "  flywheel job show digits --json\n",
        .min_operands = 1,
        .max_operands = 1,
    };
    struct fw_job_message job = {0};
    struct fw_admin admin = {0};
    struct fw_err err = {0};
    int code;
    fw_status s;

    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    s = fw_cli_connect(&a.common, &admin, &err);
    if (s == FW_OK)
        s = fw_admin_get_job(&admin, a.operand[0], &job, &err);
    if (s != FW_OK)
        code = fw_cli_fail(a.command, s, &err);
    else if (a.common.json)
        code = fw_json_print(fw_json_spec(&job.spec));
    else
        show_spec(&job.spec);
    fw_job_message_close(&job);
    fw_admin_close(&admin);
    return code;
}

static int delete_job(int argc, char **argv)
{
    struct fw_args a = {
        .command = "job delete",
        .operands = "JOB",
        .summary = "End a job and remove its checkpoints from the server.",
        .examples = "  flywheel job delete digits\n",
        .min_operands = 1,
        .max_operands = 1,
    };
    struct fw_job_ref ref = {0};
    struct fw_admin admin = {0};
    struct fw_err err = {0};
    int code;
    fw_status s;

    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    if (strlen(a.operand[0]) > FW_NAME_MAX)
        return fw_args_wrong(&a, "a name is at most %d letters", FW_NAME_MAX);
    snprintf(ref.job, sizeof(ref.job), "%s", a.operand[0]);
    s = fw_cli_connect(&a.common, &admin, &err);
    if (s == FW_OK)
        s = fw_admin_delete_job(&admin, &ref, &err);
    fw_admin_close(&admin);
    if (s != FW_OK)
        return fw_cli_fail(a.command, s, &err);
    if (a.common.json)
        return fw_json_print(json_pack("{s:s}", "deleted", a.operand[0]));
    fprintf(stderr, "job %s is deleted\n", a.operand[0]);
    return FW_CLI_OK;
}

int fw_cmd_job(int argc, char **argv)
{
    static const struct fw_command commands[] = {
        {"create", fw_cmd_job_create, "make a job on a server"},
        {"list", list_jobs, "name the jobs there are"},
        {"show", show_job, "show what a job is"},
        {"delete", delete_job, "end a job and remove its checkpoints"},
        {NULL, NULL, NULL},
    };

    return fw_command_run(commands, "job", argc, argv);
}
