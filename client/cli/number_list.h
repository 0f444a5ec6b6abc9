/* number_list.h - "1,2,4" and "-.5,0,.9" as numbers.
 *
 * Layer: client/cli.  Thread: any. */
#ifndef FW_CLI_NUMBER_LIST_H
#define FW_CLI_NUMBER_LIST_H

#include <stdint.h>

#include "sdk/base/status.h"

#define FW_NUMBERS_MAX 64u

struct fw_number_list {
    double items[FW_NUMBERS_MAX];
    size_t n;
};

/* FW_INVALID names the option, the part and the range. */
FW_MUST_USE fw_status fw_number_list_parse(const char *option, const char *text,
                                           double low, double high,
                                           struct fw_number_list *out,
                                           struct fw_err *err);

#endif
