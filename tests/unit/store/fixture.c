#include "tests/unit/store/fixture.h"

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int fixture_open(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const char *top = getenv("TMPDIR");

    if (!f)
        return -1;
    snprintf(f->folder, sizeof(f->folder), "%s/fw-store-XXXXXX",
             top ? top : "/tmp");
    *state = f;
    return mkdtemp(f->folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

int fixture_close(void **state)
{
    struct fixture *f = *state;
    int failed = nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);

    free(f);
    return failed;
}

char *fixture_path(const struct fixture *f, const char *name)
{
    char *path;

    assert_true(asprintf(&path, "%s/%s", f->folder, name) > 0);
    return path;
}

void write_all(const char *path, const void *data, size_t n)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

struct fw_bytes read_all(const char *path)
{
    struct fw_bytes all = {0};
    FILE *file = fopen(path, "rb");
    int c;

    assert_non_null(file);
    while ((c = fgetc(file)) != EOF) {
        uint8_t byte = (uint8_t)c;

        assert_int_equal(fw_bytes_append(&all, &byte, 1), FW_OK);
    }
    fclose(file);
    return all;
}

/* Is it this call's turn to fail? */
static bool fails(void *user)
{
    struct faulty_disk *f = user;
    unsigned call = f->calls++;

    return call == f->fail_at || (f->sticky && call > f->fail_at);
}

static int bad_open(void *user, const char *path, int flags)
{
    return fails(user) ? -EIO : fw_disk_real()->open(NULL, path, flags);
}

/* A failed close has closed, as on Linux. */
static int bad_close(void *user, int fd)
{
    int r = fw_disk_real()->close(NULL, fd);

    return fails(user) ? -EIO : r;
}

static size_t portion(struct faulty_disk *f, size_t n)
{
    return f->dribble && n > 1 ? 1 + n / 2 : n;
}

static int64_t bad_read(void *user, int fd, void *to, size_t n, uint64_t at)
{
    struct faulty_disk *f = user;

    if (fails(user))
        return -EIO;
    if (f->dribble && f->calls % 2)
        return -EINTR;
    return fw_disk_real()->read(NULL, fd, to, portion(f, n), at);
}

static int64_t bad_write(void *user, int fd, const void *from, size_t n,
                         uint64_t at)
{
    struct faulty_disk *f = user;

    if (fails(user))
        return -ENOSPC;
    if (f->dribble && f->calls % 2)
        return -EINTR;
    return fw_disk_real()->write(NULL, fd, from, portion(f, n), at);
}

static int64_t bad_size(void *user, int fd)
{
    return fails(user) ? -EIO : fw_disk_real()->size(NULL, fd);
}

static int bad_fsync(void *user, int fd)
{
    return fails(user) ? -EIO : fw_disk_real()->fsync(NULL, fd);
}

static int bad_rename(void *user, const char *from, const char *to)
{
    return fails(user) ? -EIO : fw_disk_real()->rename(NULL, from, to);
}

static int bad_unlink(void *user, const char *path)
{
    return fails(user) ? -EIO : fw_disk_real()->unlink(NULL, path);
}

static int bad_mkdir(void *user, const char *path)
{
    return fails(user) ? -EIO : fw_disk_real()->mkdir(NULL, path);
}

static int bad_rmdir(void *user, const char *path)
{
    return fails(user) ? -EIO : fw_disk_real()->rmdir(NULL, path);
}

static int bad_list(void *user, const char *path,
                    void (*each)(void *arg, const char *name), void *arg)
{
    return fails(user) ? -EIO : fw_disk_real()->list(NULL, path, each, arg);
}

void faulty_disk_init(struct faulty_disk *f, unsigned fail_at, bool sticky)
{
    *f = (struct faulty_disk){
        .disk = {f, bad_open, bad_close, bad_read, bad_write, bad_size, NULL,
                 bad_fsync, bad_rename, bad_unlink, bad_mkdir, bad_rmdir,
                 bad_list},
        .fail_at = fail_at,
        .sticky = sticky,
    };
}
