#include <stdio.h>
#include <string.h>

#include "client/cli/command.h"
#include "client/cli/doctor_check.h"
#include "client/cli/json.h"
#include "sdk/client/connection.h"
#include "sdk/wire/messages.h"

#define WORKERS_MAX 1024 /* on one machine */

struct check {
    fw_check_fn *run;
    bool at_server; /* where flywheeld is to run */
    bool at_worker; /* where it is to be reached */
};

static const struct check checks[] = {
    {fw_check_connect, false, true},
    {fw_check_tls, false, true},
    {fw_check_service, false, true},
    {fw_check_folder, true, false}, /* before the ports: who has them? */
    {fw_check_disk, true, false},
    {fw_check_ports, true, false},
    {fw_check_certificates, true, false},
    {fw_check_files, true, true},
    {fw_check_memory, true, true},
    {fw_check_blas, false, true},
};

void fw_visit_add(struct fw_visit *v, struct fw_finding f)
{
    if (v->n < FW_FINDINGS_MAX)
        v->found[v->n++] = f;
}

static json_t *as_json(const struct fw_visit *v)
{
    json_t *list = json_array();

    for (size_t i = 0; i < v->n; i++) {
        const struct fw_finding *f = &v->found[i];

        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s}", "check", f->check,
                            "verdict", fw_verdict_name(f->verdict), "text",
                            f->text, "mend", f->mend));
    }
    return json_pack("{s:b, s:o}", "ok",
                     fw_worst(v->found, v->n) != FW_FOUND_FAIL, "findings",
                     list);
}

static int tell(const struct fw_visit *v)
{
    bool ok = fw_worst(v->found, v->n) != FW_FOUND_FAIL;

    if (v->common->json) {
        int code = fw_json_print(as_json(v));

        return ok ? code : FW_CLI_FAILED;
    }
    for (size_t i = 0; i < v->n; i++) {
        const struct fw_finding *f = &v->found[i];

        printf("%-4s  %-12s %s\n", fw_verdict_name(f->verdict), f->check,
               f->text);
        if (f->mend[0])
            printf("      %-12s mend: %s\n", "", f->mend);
    }
    return ok ? FW_CLI_OK : FW_CLI_FAILED;
}

/* `--server` without an address means this machine. */
static void understand_server(int argc, char **argv)
{
    static char serving[] = "--serving";

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--server") == 0 &&
            (i + 1 == argc || argv[i + 1][0] == '-'))
            argv[i] = serving;
    }
}

/* What flywheeld would use here. */
static int read_config(const struct fw_args *a, const char *path,
                       const char *data, struct fw_server_config *c)
{
    struct fw_err err = {0};

    if (fw_server_config_load(c, path, &err) != FW_OK)
        return fw_args_wrong(a, "%s", err.text);
    if (data && strlen(data) >= sizeof(c->data_dir))
        return fw_args_wrong(a, "--data is too long");
    if (data)
        snprintf(c->data_dir, sizeof(c->data_dir), "%s", data);
    return FW_CLI_OK;
}

int fw_cmd_doctor(int argc, char **argv)
{
    struct fw_visit v = {.workers = 1};
    const char *config = NULL;
    const char *data = NULL;
    const struct fw_arg items[] = {
        {"serving", FW_ARG_FLAG, &v.serving, NULL,
         "will flywheeld run here? (--server without an address, too)"},
        {"config", FW_ARG_TEXT, &config, "FILE", "flywheeld's configuration"},
        {"data", FW_ARG_TEXT, &data, "DIR",
         "its data folder ($FLYWHEEL_DATA, else ./flywheel-data)"},
        {"workers", FW_ARG_COUNT, &v.workers, "N",
         "so many workers on this machine (1)"},
    };
    struct fw_args a = {
        .command = "doctor",
        .operands = "[ADDRESS]",
        .summary = "Can a worker work here, or a server serve here?  Every "
                   "finding is OK, WARN or\nFAIL, with what mends it; any FAIL "
                   "is exit code 1.",
        .examples = "  flywheel doctor box.example:7070 --workers 4\n"
                    "  flywheel doctor box.example:7070 --ca ca.pem\n"
                    "  flywheel doctor --server --config flywheeld.yaml\n",
        .max_operands = 1,
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    char address[FW_ADDRESS_MAX];
    int code;

    understand_server(argc, argv);
    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    if (a.n_operands)
        a.common.server = a.operand[0];
    fw_connection_address(a.common.server, address);
    a.common.server = address;
    if (v.workers < 1 || v.workers > WORKERS_MAX)
        return fw_args_wrong(&a, "--workers is 1 to %d", WORKERS_MAX);
    v.common = &a.common;
    code = v.serving ? read_config(&a, config, data, &v.config) : FW_CLI_OK;
    if (code != FW_CLI_OK)
        return code;
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (v.serving ? checks[i].at_server : checks[i].at_worker)
            checks[i].run(&v);
    }
    return tell(&v);
}
