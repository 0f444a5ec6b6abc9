#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/cli/args.h"
#include "client/cli/command.h"
#include "client/cli/json.h"
#include "sdk/base/clock.h"
#include "server/store/tokens.h"

#define DATA_HELP "the server's folder ($FLYWHEEL_DATA, else ./flywheel-data)"

struct options {
    const char *data;
    const char *role;
    const char *job;
};

static void init(struct options *o)
{
    const char *data = getenv("FLYWHEEL_DATA");

    *o = (struct options){.data = data && data[0] ? data : "flywheel-data",
                          .job = ""};
}

/* The tokens of the folder; none yet is no error. */
static fw_status load(const struct options *o, char path[FW_PATH_MAX],
                      struct fw_tokens *t, struct fw_err *err)
{
    fw_status s;

    if ((size_t)snprintf(path, FW_PATH_MAX, "%s/tokens", o->data) >=
        FW_PATH_MAX)
        return fw_err_set(err, FW_INVALID, "--data is too long");
    s = fw_tokens_load(path, t, err);
    return s == FW_NOT_FOUND ? FW_OK : s;
}

static int create(const struct fw_args *a, const struct options *o)
{
    char text[FW_TOKEN_TEXT_MAX + 1] = "";
    struct fw_tokens t = {0};
    char path[FW_PATH_MAX];
    struct fw_err err = {0};
    enum fw_role role;
    fw_status s;
    int code;

    if (!o->role || fw_role_parse(o->role, &role, &err) != FW_OK)
        return fw_args_wrong(a, "%s", o->role ? err.text : "--role is missing");
    s = load(o, path, &t, &err);
    if (s == FW_OK)
        s = fw_tokens_add(&t, role, o->job, fw_clock_unix_ms() / 1000, text,
                          &err);
    if (s == FW_OK)
        s = fw_tokens_save(path, &t, &err);
    if (s != FW_OK) {
        code = fw_cli_fail(a->command, s, &err);
    } else if (a->common.json) {
        code = fw_json_print(json_pack("{s:s, s:s, s:s, s:s}", "token", text,
                                       "id", t.items[t.n - 1].id, "role",
                                       o->role, "job", o->job));
    } else {
        puts(text);
        fprintf(stderr,
                "token %s: %s of %s; it is shown this once.  Running servers "
                "of %s ask for tokens within a second.\n",
                t.items[t.n - 1].id, o->role, o->job[0] ? o->job : "all jobs",
                o->data);
        code = FW_CLI_OK;
    }
    explicit_bzero(text, sizeof(text));
    fw_tokens_close(&t);
    return code;
}

static int list(const struct fw_args *a, const struct options *o)
{
    struct fw_tokens t = {0};
    char path[FW_PATH_MAX];
    struct fw_err err = {0};
    json_t *all = json_array();
    fw_status s = load(o, path, &t, &err);

    if (s != FW_OK) {
        json_decref(all);
        return fw_cli_fail(a->command, s, &err);
    }
    if (!a->common.json)
        printf("%-10s %-10s %-24s %s\n", "id", "role", "job", "created");
    for (size_t i = 0; i < t.n; i++) {
        const struct fw_token *one = &t.items[i];
        time_t created = (time_t)one->created_s;
        char when[32] = "";
        struct tm tm;

        if (gmtime_r(&created, &tm))
            strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
        if (!a->common.json)
            printf("%-10s %-10s %-24s %s\n", one->id, fw_role_name(one->role),
                   one->job[0] ? one->job : "*", when);
        json_array_append_new(all,
                              json_pack("{s:s, s:s, s:s, s:s}", "id", one->id,
                                        "role", fw_role_name(one->role), "job",
                                        one->job, "created", when));
    }
    fw_tokens_close(&t);
    if (a->common.json)
        return fw_json_print(all);
    json_decref(all);
    return FW_CLI_OK;
}

static int revoke(const struct fw_args *a, const struct options *o)
{
    struct fw_tokens t = {0};
    char path[FW_PATH_MAX];
    struct fw_err err = {0};
    fw_status s = load(o, path, &t, &err);

    if (s == FW_OK && !fw_tokens_remove(&t, a->operand[0]))
        s = fw_err_set(&err, FW_NOT_FOUND,
                       "there is no token '%s'; `flywheel token list` shows "
                       "them",
                       a->operand[0]);
    if (s == FW_OK)
        s = fw_tokens_save(path, &t, &err);
    fw_tokens_close(&t);
    if (s != FW_OK)
        return fw_cli_fail(a->command, s, &err);
    fprintf(stderr, "token %s is revoked\n", a->operand[0]);
    return FW_CLI_OK;
}

static int cmd_create(int argc, char **argv)
{
    struct options o;
    const struct fw_arg items[] = {
        {"role", FW_ARG_TEXT, &o.role, "ROLE",
         "worker, viewer, operator or admin; required"},
        {"job", FW_ARG_TEXT, &o.job, "JOB", "the only job (all)"},
        {"data", FW_ARG_TEXT, &o.data, "DIR", DATA_HELP},
    };
    struct fw_args a = {
        .command = "token create",
        .operands = "",
        .summary = "Make a bearer token and show it, once.  Its hash is kept "
                   "in DIR/tokens; a server\nthat has this file asks every "
                   "caller for a token.",
        .examples = "  flywheel token create --role worker --job digits > "
                    "worker.token\n  flywheel worker --token-file "
                    "worker.token --job digits\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    int code;

    init(&o);
    return fw_args_read(&a, argc, argv, &code) ? create(&a, &o) : code;
}

static int cmd_list(int argc, char **argv)
{
    struct options o;
    const struct fw_arg items[] = {
        {"data", FW_ARG_TEXT, &o.data, "DIR", DATA_HELP},
    };
    struct fw_args a = {
        .command = "token list",
        .operands = "",
        .summary = "The tokens there are; their text is nowhere.",
        .examples = "  flywheel token list --data /var/lib/flywheel\n",
        .items = items,
        .n_items = 1,
    };
    int code;

    init(&o);
    return fw_args_read(&a, argc, argv, &code) ? list(&a, &o) : code;
}

static int cmd_revoke(int argc, char **argv)
{
    struct options o;
    const struct fw_arg items[] = {
        {"data", FW_ARG_TEXT, &o.data, "DIR", DATA_HELP},
    };
    struct fw_args a = {
        .command = "token revoke",
        .operands = "ID",
        .summary = "Take a token back; running servers know within a second.",
        .examples = "  flywheel token revoke 1f2e3d4c\n",
        .min_operands = 1,
        .max_operands = 1,
        .items = items,
        .n_items = 1,
    };
    int code;

    init(&o);
    return fw_args_read(&a, argc, argv, &code) ? revoke(&a, &o) : code;
}

int fw_cmd_token(int argc, char **argv)
{
    static const struct fw_command commands[] = {
        {"create", cmd_create, "make one and show it, once"},
        {"list", cmd_list, "those there are"},
        {"revoke", cmd_revoke, "take one back"},
        {NULL, NULL, NULL},
    };

    return fw_command_run(commands, "token", argc, argv);
}
