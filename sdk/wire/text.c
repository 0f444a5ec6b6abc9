#include "sdk/wire/text.h"

#include <string.h>

#include "sdk/base/name.h"
#include "sdk/wire/reason.h"

/* Bytes of the UTF-8 sequence at `s`; 0 if it is not one. */
static size_t sequence(const unsigned char *s)
{
    size_t n = s[0] < 0x80                    ? 1
               : s[0] >= 0xc2 && s[0] <= 0xdf ? 2
               : s[0] >= 0xe0 && s[0] <= 0xef ? 3
               : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                              : 0;

    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Overlong forms, surrogates, and beyond U+10FFFF. */
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

bool fw_text_is_printable(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    while (*s) {
        size_t n = sequence(s);

        if (n == 0 || *s < 0x20 || *s == 0x7f)
            return false;
        s += n;
    }
    return true;
}

fw_status fw_text_take(const char *field, const char *from, char *to,
                       size_t size, struct fw_err *err)
{
    size_t n = from ? strlen(from) : 0;

    if (n >= size)
        return FW_REFUSE(err, MESSAGE_INVALID,
                         "%s is %zu bytes long, at most "
                         "%zu",
                         field, n, size - 1);
    if (n && !fw_text_is_printable(from))
        return FW_REFUSE(err, MESSAGE_INVALID, "%s is not printable UTF-8",
                         field);
    if (n)
        memcpy(to, from, n);
    to[n] = '\0';
    return FW_OK;
}

fw_status fw_text_take_name(const char *field, const char *from,
                            char to[FW_NAME_MAX + 1], bool optional,
                            struct fw_err *err)
{
    to[0] = '\0';
    if (optional && (!from || !*from))
        return FW_OK;
    if (!fw_name_valid(from))
        return FW_REFUSE(err, NAME_INVALID, "%s: give %s", field, FW_NAME_RULE);
    memcpy(to, from, strlen(from) + 1);
    return FW_OK;
}
