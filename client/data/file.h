/* file.h - a data file read from front to back, gzip-compressed or not.
 *
 * Layer: client/data.  Thread: its owner's.  Zero-initialise; close is safe
 * twice and on zero.  Every failure names the file. */
#ifndef FW_DATA_FILE_H
#define FW_DATA_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sdk/base/status.h"

struct fw_data_file {
    void *gz;         /* owned; zlib's gzFile */
    const char *path; /* lent by the caller of open */
    uint64_t on_disk; /* bytes of the file */
    bool packed;      /* gzip-compressed */
};

/* FW_NOT_FOUND, FW_IO: cannot be opened or is not a regular file. */
FW_MUST_USE fw_status fw_data_file_open(struct fw_data_file *f,
                                        const char *path, struct fw_err *err);
void fw_data_file_close(struct fw_data_file *f);

/* FW_CORRUPT unless the whole file can hold exactly `want` bytes: equal to its
 * size or, if packed, within the best that gzip can do.  Asked before memory is
 * taken, so that a header cannot ask for more than the file may fill. */
FW_MUST_USE fw_status fw_data_file_expect(const struct fw_data_file *f,
                                          uint64_t want, struct fw_err *err);

/* Read n bytes; FW_CORRUPT if there are fewer, FW_IO. */
FW_MUST_USE fw_status fw_data_file_read(struct fw_data_file *f, uint8_t *to,
                                        size_t n, struct fw_err *err);

/* FW_CORRUPT if there is anything left or, packed, the checksum fails. */
FW_MUST_USE fw_status fw_data_file_end(struct fw_data_file *f,
                                       struct fw_err *err);

#endif
