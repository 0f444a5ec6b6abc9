/* body.h - bytes that several connections may be sending at once.
 *
 * Layer: server/http.  Thread: made on any, then counted on the listener's
 * alone.  Ends with its last reference. */
#ifndef FW_HTTP_BODY_H
#define FW_HTTP_BODY_H

#include <stddef.h>

#include "sdk/base/bytes.h"

struct fw_body {
    unsigned refs;
    size_t n; /* bytes in data */
    char data[];
};

/* A copy of `n` bytes with a zero byte behind them; NULL: out of memory. */
struct fw_body *fw_body_create(const void *data, size_t n);

/* The same of a buffer, which is closed in any case. */
struct fw_body *fw_body_take(struct fw_bytes *from);

/* The same of what malloc() gave, which is freed; NULL stays NULL. */
struct fw_body *fw_body_take_string(char *from);

struct fw_body *fw_body_ref(struct fw_body *t);

/* NULL is let pass. */
void fw_body_unref(struct fw_body *t);

#endif
