#include "tests/unit/data/folder.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#define PATH 512

static void path_of(const struct folder *f, const char *name, char path[PATH])
{
    assert_true(snprintf(path, PATH, "%s/%s", f->path, name) < PATH);
}

void folder_open(struct folder *f)
{
    const char *base = getenv("TMPDIR");

    assert_true(snprintf(f->path, sizeof(f->path), "%s/fw-data-XXXXXX",
                         base ? base : "/tmp") < (int)sizeof(f->path));
    assert_non_null(mkdtemp(f->path));
}

void folder_close(struct folder *f)
{
    DIR *dir = opendir(f->path);
    struct dirent *e;
    char path[PATH];

    assert_non_null(dir);
    while ((e = readdir(dir))) {
        if (e->d_name[0] == '.')
            continue;
        path_of(f, e->d_name, path);
        assert_int_equal(unlink(path), 0);
    }
    closedir(dir);
    assert_int_equal(rmdir(f->path), 0);
}

static void write_plain(const char *path, const uint8_t *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void write_packed(const char *path, const uint8_t *bytes, size_t n)
{
    gzFile file = gzopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)n), n);
    assert_int_equal(gzclose(file), Z_OK);
}

void folder_write(const struct folder *f, const char *name,
                  const uint8_t *bytes, size_t n, bool packed)
{
    char path[PATH];

    path_of(f, name, path);
    if (packed)
        write_packed(path, bytes, n);
    else
        write_plain(path, bytes, n);
}

void folder_cut(const struct folder *f, const char *name, size_t n)
{
    char path[PATH];

    path_of(f, name, path);
    assert_int_equal(truncate(path, (off_t)n), 0);
}

size_t folder_size(const struct folder *f, const char *name)
{
    char path[PATH];
    struct stat st;

    path_of(f, name, path);
    assert_int_equal(stat(path, &st), 0);
    return (size_t)st.st_size;
}
