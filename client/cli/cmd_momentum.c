#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/command.h"
#include "client/cli/json.h"
#include "client/cli/server.h"
#include "client/cli/show.h"
#include "client/cli/show_sensors.h"

#define DECISIONS 10 /* shown unless asked for more */

/* What every `momentum` command takes. */
struct momentum_options {
    const char *job;
    const char *why;
    uint64_t limit;
    double learning_rate; /* NAN: not given */
};

static json_t *decisions_as_json(const struct fw_job_status *j,
                                 const struct fw_decision_list *l)
{
    static const char *const shown[] = {"workers",   "version", "momentum",
                                        "staleness", "worker",  "n_elements"};
    json_t *job = fw_json_job(j);
    json_t *list = json_array();
    json_t *out = json_pack("{s:s}", "job", j->name);

    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        json_object_set(out, shown[i], json_object_get(job, shown[i]));
    for (uint32_t i = 0; i < l->n; i++)
        json_array_append_new(list, fw_json_decision(&l->items[i]));
    json_object_set_new(out, "decisions", list);
    json_decref(job);
    return out;
}

static int show_decisions(const struct fw_job_status *j,
                          const struct fw_decision_list *l, bool json)
{
    const struct fw_momentum_status *m = &j->momentum;
    char a[FW_SHOWN_BYTES];
    char b[FW_SHOWN_BYTES];
    char c[FW_SHOWN_BYTES];

    if (json)
        return fw_json_print(decisions_as_json(j, l));
    printf("%s: momentum %s now, %s wanted, reference %s, law %s\n", j->name,
           fw_show_number(a, m->momentum, 4), fw_show_number(b, m->target, 4),
           fw_show_number(c, m->reference, 4), fw_law_name(m->law));
    fw_show_sensors(stdout, j);
    for (uint32_t i = 0; i < l->n; i++) {
        const struct fw_decision_message *d = &l->items[i];

        printf("%5llu  version %llu, %s%s%s: %s\n",
               (unsigned long long)d->index, (unsigned long long)d->version,
               d->cause, d->who[0] ? " by " : "", d->who, d->sentence);
    }
    return FW_CLI_OK;
}

/* The newest `limit` decisions: the server lists upwards from an index. */
static fw_status newest_decisions(struct fw_admin *admin, const char *job,
                                  uint64_t limit, struct fw_decision_list *out,
                                  struct fw_err *err)
{
    struct fw_decisions_request r = {.limit = UINT32_MAX}; /* all kept */
    fw_status s;

    snprintf(r.job, sizeof(r.job), "%s", job);
    s = fw_admin_decisions(admin, &r, out, err);
    if (s == FW_OK && out->n > limit) {
        memmove(out->items, out->items + (out->n - limit),
                limit * sizeof(*out->items));
        out->n = (uint32_t)limit;
    }
    return s;
}

static int show(int argc, char **argv)
{
    struct momentum_options o = {.limit = DECISIONS};
    const struct fw_arg items[] = {
        {"job", FW_ARG_TEXT, &o.job, "JOB", "required"},
        {"limit", FW_ARG_COUNT, &o.limit, "N", "newest decisions (10)"},
    };
    struct fw_args a = {
        .command = "momentum show",
        .operands = "",
        .summary = "What the momentum is, and the decisions that made it so.",
        .examples =
            "  flywheel momentum show --job digits\n"
            "  flywheel momentum show --job digits --limit 100 --json\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
    };
    struct fw_status_response all = {0};
    struct fw_decision_list list = {0};
    struct fw_job_status *status = NULL;
    struct fw_admin admin = {0};
    struct fw_err err = {0};
    int code;
    fw_status s;

    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    if (!o.job)
        return fw_args_wrong(&a, "--job is missing");
    s = fw_cli_connect(&a.common, &admin, &err);
    if (s == FW_OK)
        s = fw_cli_job_status(&admin, o.job, &all, &status, &err);
    if (s == FW_OK)
        s = newest_decisions(&admin, o.job, o.limit, &list, &err);
    code = s == FW_OK ? show_decisions(status, &list, a.common.json)
                      : fw_cli_fail(a.command, s, &err);
    fw_decision_list_close(&list);
    fw_status_response_close(&all);
    fw_admin_close(&admin);
    return code;
}

/* Send what was asked for and print the decision's sentence. */
static int set(const struct fw_args *a, const struct momentum_options *o,
               enum fw_law law, double momentum)
{
    struct fw_set_controller r = {
        .law = law, .momentum = momentum, .learning_rate = o->learning_rate};
    const char *user = getenv("USER");
    struct fw_sentence sentence = {0};
    struct fw_admin admin = {0};
    struct fw_err err = {0};
    fw_status s;

    if (strlen(o->job) > FW_NAME_MAX)
        return fw_args_wrong(a, "--job is at most %d letters", FW_NAME_MAX);
    snprintf(r.job, sizeof(r.job), "%s", o->job);
    snprintf(r.who, sizeof(r.who), "%.100s", user ? user : "flywheel");
    snprintf(r.why, sizeof(r.why), "%s", o->why ? o->why : "");
    s = fw_cli_connect(&a->common, &admin, &err);
    if (s == FW_OK)
        s = fw_admin_set_controller(&admin, &r, &sentence, &err);
    fw_admin_close(&admin);
    if (s != FW_OK)
        return fw_cli_fail(a->command, s, &err);
    if (a->common.json)
        return fw_json_print(
            json_pack("{s:s, s:s}", "job", o->job, "sentence", sentence.text));
    puts(sentence.text);
    return FW_CLI_OK;
}

/* Is the word a number? */
static bool is_number(const char *text, double *x)
{
    char *end;

    *x = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*x);
}

static int pin(int argc, char **argv)
{
    struct momentum_options o = {.learning_rate = NAN};
    const struct fw_arg items[] = {
        {"job", FW_ARG_TEXT, &o.job, "JOB", "required"},
        {"learning-rate", FW_ARG_NUMBER, &o.learning_rate, "R",
         "pin the rate too (else the step is kept)"},
        {"why", FW_ARG_TEXT, &o.why, "TEXT", "for the record"},
    };
    struct fw_args a = {
        .command = "momentum pin",
        .operands = "VALUE",
        .summary = "Hold the momentum at a value until `momentum auto`.",
        .examples =
            "  flywheel momentum pin 0.5 --job digits --why 'as last week'\n"
            "  flywheel momentum pin -0.2 --job digits\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
        .max_operands = 1,
    };
    double value = NAN;
    bool is_first; /* getopt would take "-0.2" for an option */
    int code;

    is_first = argc > 1 && is_number(argv[1], &value);
    if (!fw_args_read(&a, argc - is_first, argv + is_first, &code))
        return code;
    if (!o.job)
        return fw_args_wrong(&a, "--job is missing");
    if (is_first ? a.n_operands != 0
                 : a.n_operands != 1 || !is_number(a.operand[0], &value))
        return fw_args_wrong(&a, "give one number to pin");
    return set(&a, &o, FW_LAW_MANUAL, value);
}

/* `momentum auto` and `momentum law NAME`. */
static int give_back(int argc, char **argv, bool named)
{
    struct momentum_options o = {.learning_rate = NAN};
    const struct fw_arg items[] = {
        {"job", FW_ARG_TEXT, &o.job, "JOB", "required"},
        {"why", FW_ARG_TEXT, &o.why, "TEXT", "for the record"},
    };
    struct fw_args a = {
        .command = named ? "momentum law" : "momentum auto",
        .operands = named ? "NAME" : "",
        .summary = named ? "Let another law choose the momentum from now on."
                         : "Give the momentum back to the job's own law.",
        .examples = named ? "  flywheel momentum law count --job digits\n"
                            "  flywheel momentum law fixed --job digits --why "
                            "'to compare'\n"
                          : "  flywheel momentum auto --job digits\n",
        .items = items,
        .n_items = sizeof(items) / sizeof(items[0]),
        .min_operands = named,
        .max_operands = named,
    };
    enum fw_law law = FW_LAW_DEFAULT;
    struct fw_err err = {0};
    int code;

    if (!fw_args_read(&a, argc, argv, &code))
        return code;
    if (!o.job)
        return fw_args_wrong(&a, "--job is missing");
    if (named && fw_law_parse(a.operand[0], &law, &err) != FW_OK)
        return fw_args_wrong(&a, "%s", err.text);
    return set(&a, &o, law, NAN);
}

static int give_to_own(int argc, char **argv)
{
    return give_back(argc, argv, false);
}

static int give_to_law(int argc, char **argv)
{
    return give_back(argc, argv, true);
}

int fw_cmd_momentum(int argc, char **argv)
{
    static const struct fw_command commands[] = {
        {"show", show, "what it is, and why"},
        {"pin", pin, "hold it at a value"},
        {"auto", give_to_own, "give it back to the job's law"},
        {"law", give_to_law, "let another law choose it"},
        {NULL, NULL, NULL},
    };

    return fw_command_run(commands, "momentum", argc, argv);
}
