#include "client/lab/change.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lab/sim.h"

#define PART_BYTES 64

static bool kind_of(const char *text, struct fw_change *c, const char **value)
{
    static const struct {
        const char *word;
        enum fw_change_kind kind;
    } kinds[] = {
        {"workers=", FW_CHANGE_WORKERS},
        {"straggler=", FW_CHANGE_STRAGGLER},
        {"silent=", FW_CHANGE_SILENT},
        {"speak", FW_CHANGE_SPEAK},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        size_t n = strlen(kinds[i].word);

        if (strncmp(text, kinds[i].word, n) == 0) {
            c->kind = kinds[i].kind;
            *value = text + n;
            return true;
        }
    }
    return false;
}

static bool in_range(const struct fw_change *c)
{
    switch (c->kind) {
    case FW_CHANGE_WORKERS:
        return c->value >= 1.0 && c->value <= FW_SIM_WORKERS_MAX &&
               c->value == floor(c->value);
    case FW_CHANGE_STRAGGLER:
        return c->value >= 1.0 && isfinite(c->value);
    case FW_CHANGE_SILENT:
        return c->value >= 0.0 && c->value <= 1.0;
    case FW_CHANGE_SPEAK:
        break;
    }
    return true;
}

static bool parse(const char *text, struct fw_change *c)
{
    const char *value;
    char *end;

    *c = (struct fw_change){.at = strtod(text, &end)};
    if (end == text || *end != ':' || !isfinite(c->at) || c->at < 0.0 ||
        !kind_of(end + 1, c, &value))
        return false;
    if (c->kind == FW_CHANGE_SPEAK)
        return !*value;
    c->value = strtod(value, &end);
    return end != value && !*end && in_range(c);
}

fw_status fw_changes_parse(const char *list,
                           struct fw_change out[FW_CHANGES_MAX], size_t *n,
                           struct fw_err *err)
{
    *n = 0;
    while (*list) {
        char part[PART_BYTES];
        size_t length = strcspn(list, ",");

        snprintf(part, sizeof(part), "%.*s", (int)length, list);
        if (*n == FW_CHANGES_MAX)
            return fw_err_set(err, FW_INVALID, "more than %d changes",
                              FW_CHANGES_MAX);
        if (!parse(part, &out[(*n)++]))
            return fw_err_set(err, FW_INVALID, "'%s' is no change; it is %s",
                              part, FW_CHANGE_RULE);
        list += length + (list[length] == ',');
    }
    return FW_OK;
}
