/* file.h - a whole file in memory.
 *
 * Layer: sdk/base.  Thread: any. */
#ifndef FW_BASE_FILE_H
#define FW_BASE_FILE_H

#include "sdk/base/bytes.h"

/* Append what `path` holds, and a zero byte that is not counted.  FW_NOT_FOUND,
 * FW_IO, FW_INVALID (more than `max` bytes), FW_NOMEM; `err` says what, not
 * which file. */
FW_MUST_USE fw_status fw_file_read(const char *path, size_t max,
                                   struct fw_bytes *out, struct fw_err *err);

#endif
