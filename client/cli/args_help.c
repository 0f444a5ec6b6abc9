#include "client/cli/args_help.h"

#include <stdio.h>
#include <string.h>

#define MANUAL_DATE "2026-11-23" /* when the manual was last rewritten */
#define NAME_BYTES  64

static void print_item(const struct fw_arg *item)
{
    char name[40];

    snprintf(name, sizeof(name), "--%s%s%s", item->name, item->value ? " " : "",
             item->value ? item->value : "");
    printf("  %-27s %s\n", name, item->help);
}

static void print_text(const struct fw_args *a, const struct fw_arg *common,
                       size_t n_common)
{
    printf("usage: flywheel %s%s%s [OPTION]...\n\n%s\n\n", a->command,
           a->operands[0] ? " " : "", a->operands, a->summary);
    for (size_t i = 0; i < a->n_items; i++)
        print_item(&a->items[i]);
    if (a->n_items)
        putchar('\n');
    for (size_t i = 0; i < n_common; i++)
        print_item(&common[i]);
    if (a->commands)
        printf("\nAlso: flywheel %s %s\n", a->command, a->commands);
    printf("\nExamples:\n%s\nExit codes: flywheel help exit-codes\n",
           a->examples);
}

/* Text as roff takes it: hyphens, backslashes and a line's first character
 * mean something else there. */
static void put_roff(const char *text)
{
    bool starts = true;

    for (; *text; text++) {
        if (starts && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
        starts = *text == '\n';
    }
}

/* "job create" as "flywheel-job-create"; upper: as a page's title. */
static void name_page(const char *command, bool upper, char out[NAME_BYTES])
{
    snprintf(out, NAME_BYTES, "flywheel%s%s", command[0] ? "-" : "", command);
    for (char *c = out; *c; c++) {
        if (*c == ' ')
            *c = '-';
        else if (upper && *c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
}

/* The head of a page; `brief` is one line of it, up to a full stop. */
static void put_head(const char *command, const char *brief)
{
    size_t n = strcspn(brief, ".;?");
    char name[NAME_BYTES];
    char line[200];

    name_page(command, true, name);
    printf(".TH %s 1 \"%s\" \"flywheel %s\" \"flywheel\"\n.ad l\n.SH NAME\n",
           name, MANUAL_DATE, fw_version());
    name_page(command, false, name);
    put_roff(name);
    snprintf(line, sizeof(line), "%.*s", (int)n, brief);
    for (char *c = strchr(line, '\n'); c; c = strchr(c, '\n'))
        *c = ' ';
    printf(" \\- ");
    put_roff(line);
    printf("\n.SH SYNOPSIS\n.B flywheel%s%s\n", command[0] ? " " : "", command);
}

static void put_options(const char *title, const struct fw_arg *items, size_t n)
{
    if (n)
        printf(".SH %s\n", title);
    for (size_t i = 0; i < n; i++) {
        printf(".TP\n\\fB\\-\\-");
        put_roff(items[i].name);
        printf("\\fR");
        if (items[i].value) {
            printf(" \\fI");
            put_roff(items[i].value);
            printf("\\fR");
        }
        putchar('\n');
        put_roff(items[i].help);
        putchar('\n');
    }
}

static void put_exit_codes(void)
{
#define CODE(code, number, text) printf(".TP\n.B %d\n%s\n", number, text);
    printf(".SH EXIT STATUS\n");
    FW_EXIT_MAP(CODE)
#undef CODE
}

/* A sentence may be broken over lines; in a page the reader's width counts. */
static void put_summary(const char *text)
{
    for (size_t n = strcspn(text, "\n"); *text; n = strcspn(text, "\n")) {
        char line[400];

        snprintf(line, sizeof(line), "%.*s", (int)n, text);
        put_roff(line);
        putchar('\n');
        text += n + (text[n] == '\n');
    }
}

static void print_page(const struct fw_args *a, const struct fw_arg *common,
                       size_t n_common)
{
    put_head(a->command, a->summary);
    if (a->operands[0]) {
        put_roff(a->operands);
        putchar('\n');
    }
    printf(".RI [ OPTION ].\\|.\\|.\n.SH DESCRIPTION\n");
    put_summary(a->summary);
    put_options("OPTIONS", a->items, a->n_items);
    put_options("COMMON OPTIONS", common, n_common);
    printf(".SH EXAMPLES\n.nf\n");
    put_roff(a->examples);
    printf(".fi\n");
    put_exit_codes();
    printf(".SH SEE ALSO\n.BR flywheel (1),\n.BR flywheeld (8)\n");
}

static void print_options(const struct fw_arg *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("--%s%s%s\n", items[i].name, items[i].value ? " " : "",
               items[i].value ? items[i].value : "");
}

bool fw_args_help(const struct fw_args *a, const struct fw_arg *common,
                  size_t n_common, const char *form)
{
    if (strcmp(form, "") == 0) {
        print_text(a, common, n_common);
    } else if (strcmp(form, "man") == 0) {
        print_page(a, common, n_common);
    } else if (strcmp(form, "options") == 0) {
        print_options(a->items, a->n_items);
        print_options(common, n_common);
    } else if (strcmp(form, "commands") == 0) {
        if (a->commands)
            puts(a->commands);
    } else {
        return false;
    }
    return true;
}

void fw_group_list(const struct fw_command *table, const char *group, FILE *to)
{
    fprintf(to, "usage: flywheel %s%sCOMMAND [OPTION]...\n\n", group,
            group[0] ? " " : "");
    for (const struct fw_command *c = table; c->name; c++)
        fprintf(to, "  %-11s %s\n", c->name, c->summary);
    fprintf(to, "\nEvery command has --help, with examples, and --json.\n"
                "Exit codes: flywheel help exit-codes\n");
}

static void print_group_page(const struct fw_command *table, const char *group)
{
    char brief[NAME_BYTES];
    char page[NAME_BYTES];

    snprintf(brief, sizeof(brief), "%s%scommands", group, group[0] ? " " : "");
    put_head(group, group[0] ? brief : "train with many workers, and watch it");
    printf(".I COMMAND\n.RI [ OPTION ].\\|.\\|.\n.SH DESCRIPTION\n");
    puts(group[0] ? "A group of commands."
                  : "Jobs, workers, momentum and checkpoints of a flywheel "
                    "server, and training runs of one's own.\n"
                    "Every command has \\-\\-help and \\-\\-json.");
    printf(".SH COMMANDS\n");
    for (const struct fw_command *c = table; c->name; c++) {
        char command[NAME_BYTES];

        snprintf(command, sizeof(command), "%s%s%s", group, group[0] ? " " : "",
                 c->name);
        name_page(command, false, page);
        printf(".TP\n.BR ");
        put_roff(page);
        printf(" (1)\n");
        put_roff(c->summary);
        putchar('\n');
    }
    put_exit_codes();
    printf(".SH SEE ALSO\n.BR flywheeld (8)\n");
}

bool fw_group_help(const struct fw_command *table, const char *group,
                   const char *form)
{
    if (strcmp(form, "") == 0) {
        fw_group_list(table, group, stdout);
    } else if (strcmp(form, "man") == 0) {
        print_group_page(table, group);
    } else if (strcmp(form, "commands") == 0) {
        for (const struct fw_command *c = table; c->name; c++)
            puts(c->name);
    } else {
        return strcmp(form, "options") == 0; /* there are none */
    }
    return true;
}
