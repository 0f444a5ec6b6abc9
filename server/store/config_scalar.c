#include "server/store/config_scalar.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/store/config_complaint.h"

/* Digits and nothing else; what overflows is above every limit. */
static bool read_number(const char *text, unsigned long long *out)
{
    if (!text[0] || strspn(text, "0123456789") != strlen(text))
        return false;
    *out = strtoull(text, NULL, 10);
    return true;
}

static fw_status take(const struct fw_number *x, const char *text,
                      struct fw_err *err)
{
    unsigned line = fw_line_of_path(text, x->path);
    unsigned long long value;

    if (!read_number(x->from, &value))
        return fw_err_set(err, FW_INVALID,
                          "line %u: %s is '%s': want a whole number from %u to "
                          "%u",
                          line, x->path, x->from, x->low, x->high);
    if (value < x->low || value > x->high)
        return fw_err_set(err, FW_INVALID, "line %u: %s is %s, not in %u to %u",
                          line, x->path, x->from, x->low, x->high);
    *x->to = (uint32_t)value;
    return FW_OK;
}

fw_status fw_numbers_take(const struct fw_number *numbers, size_t n,
                          const char *text, struct fw_err *err)
{
    fw_status s = FW_OK;

    for (size_t i = 0; i < n && s == FW_OK; i++) {
        if (numbers[i].from)
            s = take(&numbers[i], text, err);
    }
    return s;
}

fw_status fw_flag_take(const char *path, const char *from, const char *text,
                       bool *to, struct fw_err *err)
{
    static const char *const words[] = {"false", "true", "no",
                                        "yes",   "off",  "on"};

    if (!from)
        return FW_OK;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(from, words[i]) == 0) {
            *to = i % 2 == 1;
            return FW_OK;
        }
    }
    return fw_err_set(err, FW_INVALID,
                      "line %u: %s is '%s': want true or false",
                      fw_line_of_path(text, path), path, from);
}
