#include <stdio.h>
#include <string.h>

#include "client/cli/command.h"
#include "client/cli/lab_args.h"
#include "client/cli/lab_tell.h"

#define LINE_BYTES 2048

/* Fixed momentum, step control alone and both are always shown together. */
static fw_status complete(struct fw_arm *arms, size_t *n, struct fw_err *err)
{
    static const char *const ablation[] = {"fixed", "step", "margin"};
    bool has[3] = {false};
    bool any = false;

    for (size_t i = 0; i < *n; i++) {
        for (int k = 0; k < 3; k++) {
            has[k] = has[k] || strcmp(arms[i].name, ablation[k]) == 0;
            any = any || has[k];
        }
    }
    for (int k = 0; k < 3 && any; k++) {
        fw_status s = FW_OK;

        if (!has[k] && *n < FW_ARMS_MAX)
            s = fw_arm_parse(ablation[k], &arms[(*n)++], err);
        if (s != FW_OK)
            return s;
    }
    return FW_OK;
}

static int tell(const struct fw_args *a, const struct fw_lab_args *lab,
                const struct fw_study *study, const char *line)
{
    struct fw_page page = {0};
    struct fw_err err = {0};
    fw_status s = FW_OK;

    if (lab->report) {
        fw_page_begin(&page, "flywheel lab: laws side by side");
        fw_lab_tell_page(study, &page);
        s = fw_page_write(&page, line, lab->report, &err);
    }
    if (s != FW_OK)
        return fw_cli_fail(a->command, s, &err);
    if (a->common.json)
        return fw_json_print(fw_lab_tell_json(study, line));
    fw_lab_tell_table(study);
    if (lab->report)
        fprintf(stderr, "report: %s\n", lab->report);
    return FW_CLI_OK;
}

int fw_cmd_lab_run(int argc, char **argv)
{
    struct fw_arm arms[FW_ARMS_MAX];
    const char *laws = "fixed,count,step,margin";
    struct fw_lab_args lab;
    struct fw_arg items[FW_LAB_ROWS + 1];
    struct fw_args a = {
        .command = "lab run",
        .operands = "",
        .summary =
            "Train under a virtual clock: laws, groups and rivals side by "
            "side.\nThe same seed gives the same bytes.  If one of fixed, step "
            "and margin is asked for,\nall three are shown.",
        .examples =
            "  flywheel lab run --problem mlp --workers 8,32 --report "
            "lab.html\n"
            "  flywheel lab run --problem quadratic:100 --laws margin,sync\n"
            "  flywheel lab run --workers 4 --change "
            "20:workers=16,60:workers=4 "
            "--json\n",
        .items = items,
        .n_items = FW_LAB_ROWS + 1,
    };
    char line[LINE_BYTES];
    struct fw_study study;
    struct fw_err err = {0};
    fw_status s;
    int code;

    fw_lab_args_init(&lab);
    fw_lab_args_rows(&lab, items);
    items[FW_LAB_ROWS] =
        (struct fw_arg){"laws", FW_ARG_TEXT, &laws, "LIST", FW_ARM_RULE};
    fw_lab_command_line(argc, argv, "lab run", line, sizeof(line));
    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    code = fw_lab_args_study(&a, &lab, &study);
    if (code == FW_CLI_OK) {
        study.arms = arms;
        s = fw_arms_parse(laws, arms, &study.n_arms, &err);
        if (s == FW_OK)
            s = complete(arms, &study.n_arms, &err);
        if (s == FW_OK)
            s = fw_study_run(&study, NULL, &err);
        if (s == FW_INVALID)
            code = fw_args_wrong(&a, "%s", err.text);
        else if (s != FW_OK)
            code = fw_cli_fail(a.command, s, &err);
        else
            code = tell(&a, &lab, &study, line);
        fw_study_close(&study);
    }
    fw_lab_args_close(&lab);
    return code;
}
