#include "sdk/base/law.h"

#include <string.h>

const char *fw_law_name(enum fw_law law)
{
    switch (law) {
    case FW_LAW_DEFAULT:
        break;
#define FW_LAW_CASE(code, number, text)                                        \
    case FW_LAW_##code:                                                        \
        return text;
        FW_LAW_MAP(FW_LAW_CASE)
#undef FW_LAW_CASE
    }
    return "default";
}

fw_status fw_law_parse(const char *text, enum fw_law *law, struct fw_err *err)
{
#define FW_LAW_TRY(code, number, name)                                         \
    if (strcmp(text, name) == 0) {                                             \
        *law = FW_LAW_##code;                                                  \
        return FW_OK;                                                          \
    }
    FW_LAW_MAP(FW_LAW_TRY)
#undef FW_LAW_TRY
    return fw_err_set(err, FW_INVALID,
                      "law '%s' is not known; there are fixed, count, step, "
                      "margin, closed_loop and manual",
                      text);
}
