#include "sdk/base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

fw_status fw_file_read(const char *path, size_t max, struct fw_bytes *out,
                       struct fw_err *err)
{
    FILE *file = fopen(path, "re");
    fw_status s = FW_OK;
    size_t before = out->n;
    int error;

    if (!file) {
        error = errno;
        return fw_err_set(err, error == ENOENT ? FW_NOT_FOUND : FW_IO,
                          "cannot open: %s", strerrordesc_np(error));
    }
    while (s == FW_OK && !feof(file)) {
        char piece[4096]; /* a page */
        size_t n = fread(piece, 1, sizeof(piece), file);

        error = errno;
        s = fw_bytes_append(out, piece, n);
        if (ferror(file))
            s = fw_err_set(err, FW_IO, "cannot read: %s",
                           strerrordesc_np(error));
        else if (out->n - before > max)
            s = fw_err_set(err, FW_INVALID, "more than %zu bytes", max);
        else if (s != FW_OK)
            s = fw_err_set(err, s, "no memory to read it");
    }
    fclose(file);
    if (s == FW_OK)
        s = fw_bytes_append(out, "", 1);
    if (s == FW_OK)
        out->n--;
    return s;
}
