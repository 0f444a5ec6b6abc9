#include "client/data/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#define BUFFER   (128 << 10) /* bytes zlib reads at a time */
#define PIECE    (1 << 20)   /* bytes asked of zlib at a time */
#define GZIP_MAX 1032        /* best ratio of deflate, by zlib's own account */

fw_status fw_data_file_open(struct fw_data_file *f, const char *path,
                            struct fw_err *err)
{
    struct stat st;
    fw_status s = FW_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    *f = (struct fw_data_file){.path = path};
    if (fd < 0)
        return fw_err_set(err, errno == ENOENT ? FW_NOT_FOUND : FW_IO, "%s: %s",
                          path, strerror(errno));
    if (fstat(fd, &st) != 0)
        s = fw_err_set(err, FW_IO, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        s = fw_err_set(err, FW_IO, "%s: not a regular file", path);
    if (s != FW_OK)
        goto done;
    f->gz = gzdopen(fd, "rb");
    if (!f->gz) {
        s = fw_err_set(err, FW_NOMEM, "%s", path);
        goto done;
    }
    fd = -1; /* the gzFile has it */
    gzbuffer(f->gz, BUFFER);
    f->packed = !gzdirect(f->gz);
    f->on_disk = (uint64_t)st.st_size;
done:
    if (fd >= 0)
        close(fd);
    return s;
}

void fw_data_file_close(struct fw_data_file *f)
{
    if (f->gz)
        gzclose(f->gz);
    *f = (struct fw_data_file){0};
}

fw_status fw_data_file_expect(const struct fw_data_file *f, uint64_t want,
                              struct fw_err *err)
{
    if (!f->packed && want != f->on_disk)
        return fw_err_set(
            err, FW_CORRUPT, "%s: has %llu bytes, its header says %llu: %s",
            f->path, (unsigned long long)f->on_disk, (unsigned long long)want,
            f->on_disk < want ? "truncated" : "too long");
    if (f->packed && want / GZIP_MAX > f->on_disk)
        return fw_err_set(err, FW_CORRUPT,
                          "%s: %llu packed bytes cannot hold the %llu its "
                          "header says: truncated",
                          f->path, (unsigned long long)f->on_disk,
                          (unsigned long long)want);
    return FW_OK;
}

static fw_status zlib_failure(const struct fw_data_file *f, struct fw_err *err)
{
    int code = Z_OK;
    const char *text = gzerror(f->gz, &code);

    if (code == Z_ERRNO)
        return fw_err_set(err, FW_IO, "%s: %s", f->path, strerror(errno));
    if (code == Z_BUF_ERROR)
        return fw_err_set(err, FW_CORRUPT, "%s: ends within gzip: truncated",
                          f->path);
    return fw_err_set(err, FW_CORRUPT, "%s: bad gzip: %s", f->path, text);
}

fw_status fw_data_file_read(struct fw_data_file *f, uint8_t *to, size_t n,
                            struct fw_err *err)
{
    size_t done = 0;

    while (done < n) {
        size_t piece = n - done < PIECE ? n - done : PIECE;
        int got = gzread(f->gz, to + done, (unsigned)piece);
        int code = Z_OK;

        if (got > 0) {
            done += (size_t)got;
            continue;
        }
        gzerror(f->gz, &code);
        if (got < 0 || code != Z_OK)
            return zlib_failure(f, err);
        return fw_err_set(err, FW_CORRUPT,
                          "%s: ends %zu bytes early: truncated", f->path,
                          n - done);
    }
    return FW_OK;
}

fw_status fw_data_file_end(struct fw_data_file *f, struct fw_err *err)
{
    uint8_t more;
    int code = Z_OK;
    int got = gzread(f->gz, &more, 1);

    gzerror(f->gz, &code);
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
        return zlib_failure(f, err);
    if (got > 0)
        return fw_err_set(err, FW_CORRUPT,
                          "%s: goes on behind what its header says: too long",
                          f->path);
    return FW_OK;
}
