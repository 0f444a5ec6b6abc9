#include "sdk/base/status.h"

#include <stdio.h>
#include <string.h>

const char *fw_status_text(fw_status s)
{
    switch (s) {
#define FW_STATUS_CASE(code, text)                                             \
    case FW_##code:                                                            \
        return text;
        FW_STATUS_MAP(FW_STATUS_CASE)
#undef FW_STATUS_CASE
    }
    return "unknown status";
}

const char *fw_version(void)
{
    return FW_VERSION_TEXT;
}

fw_status fw_err_set(struct fw_err *err, fw_status s, const char *fmt, ...)
{
    va_list args;

    if (!err)
        return s;
    err->reason[0] = '\0';
    va_start(args, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    return s;
}

fw_status fw_err_reason(struct fw_err *err, fw_status s, const char *reason,
                        const char *fmt, ...)
{
    va_list args;

    if (!err)
        return s;
    snprintf(err->reason, sizeof(err->reason), "%s", reason);
    va_start(args, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    return s;
}

fw_status fw_err_wrap(struct fw_err *err, fw_status s, const char *fmt, ...)
{
    char what[sizeof(err->text)];
    char old[sizeof(err->text)];
    va_list args;

    if (!err)
        return s;
    memcpy(old, err->text, sizeof(old));
    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    snprintf(err->text, sizeof(err->text), "%.150s: %s", what, old);
    return s;
}
