#include "server/store/config_complaint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 128 /* bytes of a list of words */

/* What follows `start` in a complaint; NULL: it is another one. */
static const char *after(const struct fw_complaint *c, const char *start)
{
    size_t n = strlen(start);

    return strncmp(c->text, start, n) == 0 ? c->text + n : NULL;
}

/* The backtrace comes from within: "max_jobs", then "limits". */
static void add_field(struct fw_complaint *c, const char *name, size_t n)
{
    char inner[COMPLAINT];

    snprintf(inner, sizeof(inner), "%s", c->path);
    snprintf(c->path, sizeof(c->path), "%.*s%s%.*s", (int)n, name,
             inner[0] ? "." : "", COMPLAINT / 2, inner);
}

/* libcyaml first says what is wrong, then a backtrace, innermost first. */
void fw_complaint_hear(cyaml_log_t level, void *ctx, const char *fmt,
                       va_list args)
{
    struct fw_complaint *c = ctx;
    char text[COMPLAINT];
    const char *start = text;
    const char *line;
    const char *key;

    (void)level;
    vsnprintf(text, sizeof(text), fmt, args);
    text[strcspn(text, "\n")] = '\0';
    if (strncmp(start, "Load: ", strlen("Load: ")) == 0)
        start += strlen("Load: ");
    line = strstr(text, "(line: ");
    if (line && !c->line)
        c->line = (unsigned)strtoul(line + strlen("(line: "), NULL, 10);
    key = strstr(text, "in mapping field '");
    if (key) {
        key += strlen("in mapping field '");
        add_field(c, key, strcspn(key, "'"));
    } else if (!c->text[0] && !line && strcmp(start, "Backtrace:") != 0) {
        snprintf(c->text, sizeof(c->text), "%s", start);
    }
}

/* --- lines --- */

/* Does the line have this key, also within {braces}? */
static bool has_key(const char *line, const char *key)
{
    size_t n = strlen(key);
    const char *end = line + strcspn(line, "#\n");

    for (const char *at = line; (at = strstr(at, key)) && at < end; at++) {
        bool begins = at == line || strchr(" \t{,'\"", at[-1]);
        const char *next = at + n;

        next += strspn(next, " \t'\"");
        if (begins && *next == ':')
            return true;
    }
    return false;
}

/* The number of the first line, from line `from` on, that has this key. */
static unsigned line_of_key(const char *text, const char *key, unsigned from)
{
    unsigned number = 1;

    for (const char *line = text; line; number++) {
        const char *next = strchr(line, '\n');

        if (number >= from && has_key(line, key))
            return number;
        line = next ? next + 1 : NULL;
    }
    return 0;
}

unsigned fw_line_of_path(const char *text, const char *path)
{
    const char *dot = strchr(path, '.');
    char section[COMPLAINT];
    unsigned from;

    if (!dot)
        return line_of_key(text, path, 1);
    snprintf(section, sizeof(section), "%.*s", (int)(dot - path), path);
    from = line_of_key(text, section, 1);
    return line_of_key(text, dot + 1, from ? from : 1);
}

/* libcyaml tells the line of the value before an unknown or doubled key. */
static unsigned line_of(const struct fw_complaint *c, const char *text)
{
    const char *key = after(c, "Unexpected key: ");
    const char *twice = after(c, "Mapping field already seen: ");
    unsigned line = 0;

    if (key)
        line = line_of_key(text, key, c->line);
    else if (twice)
        line = line_of_key(text, twice, c->line + 1);
    return line ? line : c->line;
}

/* --- words --- */

/* What the schema has for a path; NULL: nothing. */
static const cyaml_schema_value_t *find(const cyaml_schema_value_t *v,
                                        const char *path)
{
    while (path[0] && v && v->type == CYAML_MAPPING) {
        const cyaml_schema_field_t *f = v->mapping.fields;
        size_t n = strcspn(path, ".");

        while (f->key && (strlen(f->key) != n || strncmp(f->key, path, n) != 0))
            f++;
        v = f->key ? &f->value : NULL;
        path += n + (path[n] == '.');
    }
    return v;
}

/* "debug, info, warn or error" */
static void list_words(const cyaml_schema_value_t *v, char out[WORDS])
{
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < v->enumeration.count && used < WORDS; i++)
        used += (size_t)snprintf(out + used, WORDS - used, "%s%s",
                                 i == 0                          ? ""
                                 : i + 1 == v->enumeration.count ? " or "
                                                                 : ", ",
                                 v->enumeration.strings[i].str);
}

static void say_wanted(const cyaml_schema_value_t *v, const char *type,
                       char out[WORDS])
{
    if (v && v->type == CYAML_ENUM)
        list_words(v, out);
    else if (strncmp(type, "MAPPING", strlen("MAPPING")) == 0)
        snprintf(out, WORDS, "keys with values");
    else if (strncmp(type, "SEQUENCE", strlen("SEQUENCE")) == 0)
        snprintf(out, WORDS, "a list, as in [a, b]");
    else
        snprintf(out, WORDS, "one value");
}

static const char *found(const char *event)
{
    if (strcmp(event, "SEQUENCE_START") == 0)
        return "a list";
    return strcmp(event, "MAPPING_START") == 0 ? "keys with values"
                                               : "one value or nothing";
}

/* Some complaints in our words; false: libcyaml's have to do. */
static bool translate(const struct fw_complaint *c,
                      const cyaml_schema_value_t *schema, char out[COMPLAINT])
{
    const char *what = c->path[0] ? c->path : "the file";
    const char *event = strstr(c->text, ", got event: ");
    const char *rest;
    char wanted[WORDS];

    say_wanted(find(schema, c->path),
               after(c, "Expecting ") ? c->text + strlen("Expecting ") : "",
               wanted);
    if (after(c, "Expecting ") && event)
        snprintf(out, COMPLAINT, "%.64s is %s: want %s", what,
                 found(event + strlen(", got event: ")), wanted);
    else if ((rest = after(c, "Invalid ENUM value: ")))
        snprintf(out, COMPLAINT, "%.64s is '%.64s': want %s", what, rest,
                 wanted);
    else if ((rest = after(c, "Unexpected key: ")))
        snprintf(out, COMPLAINT, "there is no key '%.64s'%s%.64s", rest,
                 c->path[0] ? " in " : "", c->path);
    else if ((rest = after(c, "Mapping field already seen: ")))
        snprintf(out, COMPLAINT, "%.64s is there twice",
                 c->path[0] ? c->path : rest);
    else if (after(c, "STRING length < "))
        snprintf(out, COMPLAINT, "%.64s is empty: want a value", what);
    else if ((rest = after(c, "STRING length > ")))
        snprintf(out, COMPLAINT, "%.64s has more than %lu characters", what,
                 strtoul(rest, NULL, 10));
    else if ((rest = after(c, "Excessive entries (")))
        snprintf(out, COMPLAINT, "%.64s has more than %lu entries", what,
                 strtoul(rest, NULL, 10));
    else
        return false;
    return true;
}

fw_status fw_complaint_explain(const struct fw_complaint *c,
                               const cyaml_schema_value_t *schema,
                               cyaml_err_t e, const char *text,
                               struct fw_err *err)
{
    unsigned line = line_of(c, text);
    char words[COMPLAINT];
    char where[32] = "";

    if (line)
        snprintf(where, sizeof(where), "line %u: ", line);
    if (translate(c, schema, words))
        return fw_err_set(err, FW_INVALID, "%s%s", where, words);
    return fw_err_set(err, FW_INVALID, "%s%s%s%s", where, c->path,
                      c->path[0] ? ": " : "",
                      c->text[0] ? c->text : cyaml_strerror(e));
}
