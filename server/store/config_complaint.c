#include "server/store/config_complaint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libcyaml first says what is wrong, then a backtrace, innermost first. */
void fw_complaint_hear(cyaml_log_t level, void *ctx, const char *fmt,
                       va_list args)
{
    struct fw_complaint *c = ctx;
    char text[COMPLAINT];
    const char *line;
    const char *key;

    (void)level;
    vsnprintf(text, sizeof(text), fmt, args);
    text[strcspn(text, "\n")] = '\0';
    line = strstr(text, "(line: ");
    if (line && !c->line)
        c->line = (unsigned)strtoul(line + strlen("(line: "), NULL, 10);
    key = strstr(text, "field '");
    if (key && !c->key[0])
        snprintf(c->key, sizeof(c->key),
                 "%.*s: ", (int)strcspn(key + strlen("field '"), "'"),
                 key + strlen("field '"));
    if (!c->text[0])
        snprintf(c->text, sizeof(c->text), "%s",
                 strncmp(text, "Load: ", strlen("Load: ")) == 0
                     ? text + strlen("Load: ")
                     : text);
}

/* The number of the first line, from line `from` on, that has this key. */
unsigned fw_line_of_key(const char *text, const char *key, unsigned from)
{
    unsigned number = 1;
    size_t n = strlen(key);

    for (const char *line = text; line; number++) {
        const char *next = strchr(line, '\n');
        const char *word = line + strspn(line, " \t{,'\"");

        if (number >= from && strncmp(word, key, n) == 0 &&
            strchr(" \t:'\"", word[n]))
            return number;
        line = next ? next + 1 : NULL;
    }
    return 0;
}

/* libcyaml tells the line of the value before an unknown or doubled key. */
unsigned fw_complaint_line(const struct fw_complaint *c, const char *text)
{
    static const struct {
        const char *start;
        unsigned after; /* lines behind the one told where the key may be */
    } keyed[] = {{"Unexpected key: ", 0}, {"Mapping field already seen: ", 1}};

    for (size_t i = 0; i < sizeof(keyed) / sizeof(keyed[0]); i++) {
        size_t n = strlen(keyed[i].start);
        unsigned line;

        if (strncmp(c->text, keyed[i].start, n) != 0)
            continue;
        line = fw_line_of_key(text, c->text + n, c->line + keyed[i].after);
        if (line)
            return line;
    }
    return c->line;
}
