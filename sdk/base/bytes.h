/* bytes.h - a byte buffer that grows.
 *
 * Layer: sdk/base.  Thread: its owner's.  Zero-initialise or fw_bytes_close
 * before use; close is safe twice and on zero. */
#ifndef FW_BASE_BYTES_H
#define FW_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "sdk/base/status.h"

struct fw_bytes {
    uint8_t *data; /* owned; NULL while capacity is 0 */
    size_t n;      /* bytes in use */
    size_t capacity;
};

void fw_bytes_close(struct fw_bytes *b);

/* Room for `more` bytes behind the used ones.  FW_NOMEM changes nothing. */
FW_MUST_USE fw_status fw_bytes_reserve(struct fw_bytes *b, size_t more);

/* Append.  FW_NOMEM changes nothing. */
FW_MUST_USE fw_status fw_bytes_append(struct fw_bytes *b, const void *data,
                                      size_t n);
FW_MUST_USE FW_PRINTF(2, 3) fw_status
    fw_bytes_printf(struct fw_bytes *b, const char *fmt, ...);

#endif
