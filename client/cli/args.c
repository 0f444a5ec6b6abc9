#include "client/cli/args.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/args_help.h"

#define ITEMS_MAX      48
#define COMMON         8     /* of every command */
#define FIRST_CODE     256   /* above every letter getopt might return */
#define TIMEOUT_MS     10000 /* of a call */
#define TIMEOUT_MAX_MS 3600000

int fw_args_wrong(const struct fw_args *a, const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "flywheel %s: ", a->command);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, "; try `flywheel %s --help`\n", a->command);
    return FW_CLI_USAGE;
}

static bool read_count(const char *text, uint64_t *to)
{
    char *end;

    errno = 0;
    *to = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

static bool read_number(const char *text, double *to)
{
    char *end;

    *to = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*to);
}

/* Put a value where its item wants it; false: it has not the right form. */
static bool store(const struct fw_arg *item, const char *text)
{
    switch (item->kind) {
    case FW_ARG_FLAG:
        *(bool *)item->to = true;
        return true;
    case FW_ARG_TEXT:
        *(const char **)item->to = text;
        return true;
    case FW_ARG_COUNT:
    case FW_ARG_OWN:
        return read_count(text, item->to);
    case FW_ARG_NUMBER:
        return read_number(text, item->to);
    case FW_ARG_FILE:
        return true; /* was read before */
    case FW_ARG_HELP:
        *(const char **)item->to = text ? text : "";
        return true;
    }
    return false;
}

static const struct fw_arg *item_named(const struct fw_args *a,
                                       const char *name)
{
    for (size_t i = 0; i < a->n_items; i++) {
        if (strcmp(a->items[i].name, name) == 0)
            return &a->items[i];
    }
    return NULL;
}

/* Put a job file's line where its item wants it; the end of a sentence about
 * what is wrong, or NULL. */
static const char *take_line(const struct fw_args *a,
                             const struct fw_job_line *l)
{
    const struct fw_arg *item = item_named(a, l->key);

    if ((!item || item->kind == FW_ARG_OWN) && fw_job_file_knows(l->key))
        return NULL; /* another command's */
    if (!item || item->kind == FW_ARG_FILE)
        return "is no option of a job";
    if (!l->value)
        return "has no value";
    if (item->kind == FW_ARG_FLAG) {
        *(bool *)item->to = strcmp(l->value, "true") == 0;
        return *(bool *)item->to || strcmp(l->value, "false") == 0
                   ? NULL
                   : "is true or false";
    }
    if (store(item, l->value))
        return NULL;
    return item->kind == FW_ARG_NUMBER ? "takes a number"
                                       : "takes a whole number";
}

/* The file that the command line names, if the command takes one. */
static const char *named_file(const struct fw_arg *item, int argc, char **argv)
{
    size_t n = strlen(item->name);

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--", 2) != 0 ||
            strncmp(argv[i] + 2, item->name, n) != 0)
            continue;
        if (argv[i][2 + n] == '=')
            return argv[i] + 3 + n;
        if (argv[i][2 + n] == '\0' && i + 1 < argc)
            return argv[i + 1];
    }
    return NULL;
}

/* What a job file says, before the command line overrides it. */
static bool read_file(const struct fw_args *a, int argc, char **argv,
                      int *exit_code)
{
    const struct fw_arg *item = item_named(a, "job-file");
    const char *path = item ? named_file(item, argc, argv) : NULL;
    struct fw_job_file *f;
    struct fw_err err = {0};

    if (!path)
        return true;
    f = item->to;
    if (fw_job_file_load(path, f, &err) != FW_OK) {
        *exit_code = fw_args_wrong(a, "%s", err.text);
        return false;
    }
    for (size_t i = 0; f->lines && i < f->n; i++) {
        const struct fw_job_line *l = &f->lines[i];
        const char *wrong = take_line(a, l);

        if (wrong) {
            *exit_code = fw_args_wrong(a, "%s: line %u: %s %s", path, l->line,
                                       l->key, wrong);
            fw_job_file_close(f);
            return false;
        }
    }
    return true;
}

static int wrong_value(const struct fw_args *a, const struct fw_arg *item,
                       const char *text)
{
    return fw_args_wrong(
        a, "--%s takes a %s, not '%s'", item->name,
        item->kind == FW_ARG_NUMBER ? "number" : "whole number", text);
}

/* Whether a value follows, as getopt says it. */
static int takes(const struct fw_arg *item)
{
    if (item->kind == FW_ARG_HELP)
        return optional_argument;
    return item->kind == FW_ARG_FLAG ? no_argument : required_argument;
}

/* Every option but --help, which ends the reading. */
static bool read_options(struct fw_args *a, int argc, char **argv,
                         const struct fw_arg *common, int *exit_code)
{
    struct option options[ITEMS_MAX + COMMON + 1] = {0};
    size_t n = a->n_items < ITEMS_MAX ? a->n_items : ITEMS_MAX;
    int o;

    for (size_t i = 0; i < n + COMMON; i++) {
        const struct fw_arg *item = i < n ? &a->items[i] : &common[i - n];

        options[i] =
            (struct option){item->name, takes(item), NULL, FIRST_CODE + (int)i};
    }
    optind = 1;
    while ((o = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        size_t i = (size_t)(o - FIRST_CODE);
        const struct fw_arg *item;

        if (o < FIRST_CODE) {
            *exit_code = fw_args_wrong(
                a, o == ':' ? "%s needs a value" : "'%s' is not an option here",
                argv[optind - 1]);
            return false;
        }
        item = i < n ? &a->items[i] : &common[i - n];
        if (!store(item, optarg)) {
            *exit_code = wrong_value(a, item, optarg);
            return false;
        }
    }
    return true;
}

static bool check_operands(struct fw_args *a, int argc, char **argv,
                           int *exit_code)
{
    a->operand = argv + optind;
    a->n_operands = (unsigned)(argc - optind);
    if (a->n_operands > a->max_operands) {
        *exit_code = fw_args_wrong(a, "'%s' is one too many",
                                   a->operand[a->max_operands]);
        return false;
    }
    if (a->n_operands < a->min_operands) {
        *exit_code = fw_args_wrong(a, "%s is missing", a->operands);
        return false;
    }
    return true;
}

/* The SDK, and processes that are started, find the files there. */
static void tell_environment(const struct fw_cli_common *c)
{
    const struct {
        const char *variable;
        const char *value;
    } all[] = {{"FLYWHEEL_CA", c->ca},
               {"FLYWHEEL_CERT", c->cert},
               {"FLYWHEEL_KEY", c->key},
               {"FLYWHEEL_TOKEN_FILE", c->token_file}};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (all[i].value)
            setenv(all[i].variable, all[i].value, 1);
    }
}

bool fw_args_read(struct fw_args *a, int argc, char **argv, int *exit_code)
{
    const char *server = getenv("FLYWHEEL_SERVER");
    const char *help = NULL; /* its form */
    const struct fw_arg common[COMMON] = {
        {"server", FW_ARG_TEXT, &a->common.server, "HOST:PORT",
         "or unix:PATH; default $FLYWHEEL_SERVER, else 127.0.0.1:7070"},
        {"timeout", FW_ARG_COUNT, &a->common.timeout_ms, "MS",
         "wait so long for the server (10000)"},
        {"ca", FW_ARG_TEXT, &a->common.ca, "FILE",
         "authorities of the server: asks for TLS ($FLYWHEEL_CA)"},
        {"cert", FW_ARG_TEXT, &a->common.cert, "FILE",
         "this client's certificate, for mutual TLS ($FLYWHEEL_CERT)"},
        {"key", FW_ARG_TEXT, &a->common.key, "FILE", "its key ($FLYWHEEL_KEY)"},
        {"token-file", FW_ARG_TEXT, &a->common.token_file, "FILE",
         "holds a token ($FLYWHEEL_TOKEN_FILE)"},
        {"json", FW_ARG_FLAG, &a->common.json, NULL, "JSON on stdout"},
        {"help", FW_ARG_HELP, &help, NULL, "this text"},
    };

    a->common.server = server && server[0] ? server : "127.0.0.1:7070";
    a->common.timeout_ms = TIMEOUT_MS;
    *exit_code = FW_CLI_OK;
    if (!read_file(a, argc, argv, exit_code) ||
        !read_options(a, argc, argv, common, exit_code))
        return false;
    if (help) {
        if (!fw_args_help(a, common, COMMON, help))
            *exit_code = fw_args_wrong(a, "--help takes nothing, or man");
        return false;
    }
    if (a->common.timeout_ms < 1 || a->common.timeout_ms > TIMEOUT_MAX_MS) {
        *exit_code = fw_args_wrong(a, "--timeout is 1 to %d", TIMEOUT_MAX_MS);
        return false;
    }
    tell_environment(&a->common);
    return check_operands(a, argc, argv, exit_code);
}
