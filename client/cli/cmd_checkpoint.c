/* flywheel checkpoint: save, list, verify, restore, export. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/command.h"
#include "client/cli/export.h"
#include "client/cli/json.h"
#include "client/cli/server.h"

static const char *state_name(enum fw_checkpoint_state s)
{
    static const char *const names[] = {"saved", "good", "BAD", "set aside"};

    return s <= FW_CHECKPOINT_SET_ASIDE ? names[s] : "unknown";
}

static int show_list(const struct fw_args *a, const char *job,
                     const struct fw_checkpoint_list *l)
{
    json_t *list;

    if (a->common.json) {
        list = json_array();
        for (uint32_t i = 0; i < l->n; i++) {
            const struct fw_checkpoint_info *c = &l->items[i];

            json_array_append_new(
                list, json_pack("{s:I, s:s, s:I, s:s, s:s}", "version",
                                (json_int_t)c->version, "file", c->file,
                                "bytes", (json_int_t)c->bytes, "state",
                                state_name(c->state), "detail", c->detail));
        }
        return fw_json_print(
            json_pack("{s:s, s:o}", "job", job, "checkpoints", list));
    }
    if (!l->n)
        printf("job %s has no checkpoint yet; flywheel checkpoint save --job "
               "%s\n",
               job, job);
    for (uint32_t i = 0; i < l->n; i++) {
        const struct fw_checkpoint_info *c = &l->items[i];

        printf("%12" PRIu64 "  %14" PRIu64 " bytes  %-9s  %s%s%s\n", c->version,
               c->bytes, state_name(c->state), c->file,
               c->detail[0] ? ": " : "", c->detail);
    }
    return FW_CLI_OK;
}

#define MISSING UINT64_MAX /* a version that has to be given */

/* The options that all of these have, and what goes into the request. */
struct wish {
    const char *job;
    uint64_t version;
    struct fw_checkpoint_ref request;
    struct fw_admin admin; /* owned; connected by begin */
    struct fw_err err;
};

/* Read the options and connect; false: leave with *code. */
static bool begin(struct fw_args *a, struct wish *w, int argc, char **argv,
                  int *code)
{
    fw_status s;

    if (!fw_args_read(a, argc, argv, code))
        return false;
    if (!w->job || strlen(w->job) > FW_NAME_MAX) {
        *code =
            fw_args_wrong(a, w->job ? "--job is too long" : "--job is missing");
        return false;
    }
    if (w->version == MISSING) {
        *code = fw_args_wrong(a, "--version is missing");
        return false;
    }
    snprintf(w->request.job, sizeof(w->request.job), "%s", w->job);
    w->request.version = w->version;
    s = fw_cli_connect(&a->common, &w->admin, &w->err);
    if (s == FW_OK)
        return true;
    *code = fw_cli_fail(a->command, s, &w->err);
    fw_admin_close(&w->admin);
    return false;
}

static int save(int argc, char **argv)
{
    struct wish w = {.job = NULL};
    const struct fw_arg items[] = {
        {"job", FW_ARG_TEXT, &w.job, "JOB", "required"},
    };
    struct fw_args a = {
        .command = "checkpoint save",
        .operands = "",
        .summary = "Write a checkpoint now; done means it survives a crash.",
        .examples = "  flywheel checkpoint save --job digits\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    struct fw_checkpoint_info saved;
    int code;
    fw_status s;

    if (!begin(&a, &w, argc, argv, &code))
        return code;
    s = fw_admin_save(&w.admin, &w.request, &saved, &w.err);
    fw_admin_close(&w.admin);
    if (s != FW_OK)
        return fw_cli_fail(a.command, s, &w.err);
    if (a.common.json)
        return fw_json_print(json_pack("{s:s, s:I, s:s}", "job", w.job,
                                       "version", (json_int_t)saved.version,
                                       "file", saved.file));
    printf("job %s is safe at version %" PRIu64 " (%s)\n", w.job, saved.version,
           saved.file);
    return FW_CLI_OK;
}

static int list(int argc, char **argv)
{
    struct wish w = {.job = NULL};
    const struct fw_arg items[] = {
        {"job", FW_ARG_TEXT, &w.job, "JOB", "required"},
    };
    struct fw_args a = {
        .command = "checkpoint list",
        .operands = "",
        .summary = "A job's checkpoints on the server, newest first.",
        .examples = "  flywheel checkpoint list --job digits --json\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    struct fw_checkpoint_list all = {0};
    int code;
    fw_status s;

    if (!begin(&a, &w, argc, argv, &code))
        return code;
    s = fw_admin_checkpoints(&w.admin, &w.request, &all, &w.err);
    code = s == FW_OK ? show_list(&a, w.job, &all)
                      : fw_cli_fail(a.command, s, &w.err);
    fw_checkpoint_list_close(&all);
    fw_admin_close(&w.admin);
    return code;
}

static bool is_any_bad(const struct fw_checkpoint_list *l)
{
    bool bad = false;

    for (uint32_t i = 0; i < l->n; i++)
        bad = bad || l->items[i].state == FW_CHECKPOINT_BROKEN;
    return bad;
}

static int verify(int argc, char **argv)
{
    struct wish w = {.job = NULL};
    const struct fw_arg items[] = {
        {"job", FW_ARG_TEXT, &w.job, "JOB", "required"},
        {"version", FW_ARG_COUNT, &w.version, "N", "only this one; 0: all"},
    };
    struct fw_args a = {
        .command = "checkpoint verify",
        .operands = "",
        .summary = "Read a job's checkpoints and compare their checksums.",
        .examples = "  flywheel checkpoint verify --job digits\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    struct fw_checkpoint_list all = {0};
    int code;
    fw_status s;

    if (!begin(&a, &w, argc, argv, &code))
        return code;
    s = fw_admin_verify(&w.admin, &w.request, &all, &w.err);
    code = s == FW_OK ? show_list(&a, w.job, &all)
                      : fw_cli_fail(a.command, s, &w.err);
    if (code == FW_CLI_OK && is_any_bad(&all))
        code = fw_cli_fail(a.command, FW_CORRUPT,
                           &(struct fw_err){"", "a checkpoint is bad; the "
                                                "server will not use it"});
    fw_checkpoint_list_close(&all);
    fw_admin_close(&w.admin);
    return code;
}

static int restore(int argc, char **argv)
{
    struct wish w = {.version = MISSING};
    const struct fw_arg items[] = {
        {"job", FW_ARG_TEXT, &w.job, "JOB", "required"},
        {"version", FW_ARG_COUNT, &w.version, "N",
         "of the checkpoint; "
         "required"},
    };
    struct fw_args a = {
        .command = "checkpoint restore",
        .operands = "",
        .summary = "Go back to a checkpoint's parameters and momentum.\n"
                   "They become the job's next version; workers go on.",
        .examples = "  flywheel checkpoint restore --job digits --version "
                    "3000\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    struct fw_checkpoint_info now;
    int code;
    fw_status s;

    if (!begin(&a, &w, argc, argv, &code))
        return code;
    s = fw_admin_restore(&w.admin, &w.request, &now, &w.err);
    fw_admin_close(&w.admin);
    if (s != FW_OK)
        return fw_cli_fail(a.command, s, &w.err);
    if (a.common.json)
        return fw_json_print(json_pack("{s:s, s:I, s:I}", "job", w.job,
                                       "checkpoint", (json_int_t)w.version,
                                       "version", (json_int_t)now.version));
    printf("job %s: version %" PRIu64 " holds the parameters of checkpoint "
           "%" PRIu64 "\n",
           w.job, now.version, w.version);
    return FW_CLI_OK;
}

static int export_file(int argc, char **argv)
{
    struct wish w = {.job = NULL};
    const char *to = NULL;
    const struct fw_arg items[] = {
        {"job", FW_ARG_TEXT, &w.job, "JOB", "required"},
        {"to", FW_ARG_TEXT, &to, "FILE", "safetensors; required"},
    };
    struct fw_args a = {
        .command = "checkpoint export",
        .operands = "",
        .summary = "Write the newest parameters to a file of yours.",
        .examples = "  flywheel checkpoint export --job digits --to "
                    "digits.safetensors\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    uint64_t version = 0;
    int code;
    fw_status s;

    if (!begin(&a, &w, argc, argv, &code))
        return code;
    if (!to) {
        fw_admin_close(&w.admin);
        return fw_args_wrong(&a, "--to is missing");
    }
    s = fw_export(&w.admin, w.job, to, &version, &w.err);
    fw_admin_close(&w.admin);
    if (s != FW_OK)
        return fw_cli_fail(a.command, s, &w.err);
    if (a.common.json)
        return fw_json_print(json_pack("{s:s, s:I, s:s}", "job", w.job,
                                       "version", (json_int_t)version, "file",
                                       to));
    printf("%s holds job %s at version %" PRIu64 "\n", to, w.job, version);
    return FW_CLI_OK;
}

int fw_cmd_checkpoint(int argc, char **argv)
{
    static const struct fw_command table[] = {
        {"save", save, "write one now"},
        {"list", list, "those on the server"},
        {"verify", verify, "compare their checksums"},
        {"restore", restore, "go back to one"},
        {"export", export_file, "the newest parameters as a file"},
        {NULL, NULL, NULL},
    };

    return fw_command_run(table, "checkpoint", argc, argv);
}
