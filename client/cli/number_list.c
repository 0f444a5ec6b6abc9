#include "client/cli/number_list.h"

#include <stdlib.h>
#include <string.h>

fw_status fw_number_list_parse(const char *option, const char *text, double low,
                               double high, struct fw_number_list *out,
                               struct fw_err *err)
{
    const char *at = text;

    out->n = 0;
    do {
        char *end;
        double x = strtod(at, &end);

        if (end == at || (*end && *end != ',') || !(x >= low && x <= high))
            return fw_err_set(
                err, FW_INVALID, "--%s '%s': '%.*s' is no number from %g to %g",
                option, text, (int)strcspn(at, ","), at, low, high);
        if (out->n == FW_NUMBERS_MAX)
            return fw_err_set(err, FW_INVALID, "--%s has more than %u numbers",
                              option, FW_NUMBERS_MAX);
        out->items[out->n++] = x;
        at = *end ? end + 1 : end;
    } while (*at);
    return FW_OK;
}
