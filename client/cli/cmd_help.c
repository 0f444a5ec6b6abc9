#include <stdio.h>
#include <string.h>

#include "client/cli/args.h"
#include "client/cli/command.h"
#include "client/cli/json.h"

struct code {
    int number;
    const char *text;
};

static const struct code codes[] = {
#define CODE(code, number, text) {number, text},
    FW_EXIT_MAP(CODE)
#undef CODE
};

static int exit_codes(bool as_json)
{
    json_t *out = json_object();
    char key[12];

    if (!as_json)
        puts("exit codes of every flywheel command:\n");
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (!as_json)
            printf("  %3d  %s\n", codes[i].number, codes[i].text);
        snprintf(key, sizeof(key), "%d", codes[i].number);
        json_object_set_new(out, key, json_string(codes[i].text));
    }
    if (as_json)
        return fw_json_print(out);
    json_decref(out);
    return FW_CLI_OK;
}

static int commands_as_json(void)
{
    json_t *out = json_object();

    for (const struct fw_command *c = fw_commands(); c->name; c++)
        json_object_set_new(out, c->name, json_string(c->summary));
    return fw_json_print(out);
}

int fw_cmd_help(int argc, char **argv)
{
    struct fw_args a = {
        .command = "help",
        .operands = "[COMMAND...|exit-codes]",
        .summary = "Explain a command, or what the exit codes mean.",
        .examples = "  flywheel help worker\n"
                    "  flywheel help job create\n"
                    "  flywheel help exit-codes\n",
        .max_operands = 2,
    };
    char *list[] = {"flywheel", "--help", NULL};
    char *words[] = {"flywheel", NULL, NULL, NULL, NULL};
    int code;

    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    if (a.n_operands && strcmp(a.operand[0], "exit-codes") == 0)
        return exit_codes(a.common.json);
    if (a.n_operands == 0)
        return a.common.json ? commands_as_json()
                             : fw_command_run(fw_commands(), "", 2, list);
    for (unsigned i = 0; i < a.n_operands; i++)
        words[1 + i] = a.operand[i];
    words[1 + a.n_operands] = "--help";
    return fw_command_run(fw_commands(), "", (int)a.n_operands + 2, words);
}

int fw_cmd_version(int argc, char **argv)
{
    struct fw_args a = {
        .command = "version",
        .operands = "",
        .summary = "The version of this program and its library.",
        .examples = "  flywheel version --json\n",
    };
    int code;

    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    if (a.common.json)
        return fw_json_print(json_pack("{s:s}", "version", fw_version()));
    printf("flywheel %s\n", fw_version());
    return FW_CLI_OK;
}
