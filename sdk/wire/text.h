/* text.h - texts from outside: valid UTF-8, of a known length, terminated.
 *
 * Layer: sdk/wire.  Thread: any. */
#ifndef FW_WIRE_TEXT_H
#define FW_WIRE_TEXT_H

#include <stdbool.h>

#include "sdk/base/status.h"

/* Valid UTF-8 (RFC 3629) without control characters. */
bool fw_text_is_printable(const char *text);

/* Copy `from` (may be NULL: empty) to `to` of `size` bytes; MESSAGE_INVALID,
 * naming `field`, if it does not fit or is not printable UTF-8. */
FW_MUST_USE fw_status fw_text_take(const char *field, const char *from,
                                   char *to, size_t size, struct fw_err *err);

/* The same for the name of a job or worker; NAME_INVALID if it is not one.
 * Empty is allowed if `optional`. */
FW_MUST_USE fw_status fw_text_take_name(const char *field, const char *from,
                                        char to[FW_NAME_MAX + 1], bool optional,
                                        struct fw_err *err);

#endif
