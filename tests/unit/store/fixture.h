/* fixture.h - a folder of a test's own, files in it, and a disk that fails. */
#ifndef FW_TESTS_STORE_FIXTURE_H
#define FW_TESTS_STORE_FIXTURE_H

#include <limits.h>

#include "sdk/base/bytes.h"
#include "server/store/disk.h"

struct fixture {
    char folder[PATH_MAX]; /* removed in the end, with all that is in it */
};

/* cmocka's setup and teardown; *state is the fixture. */
int fixture_open(void **state);
int fixture_close(void **state);

/* FOLDER/NAME; the caller frees it. */
char *fixture_path(const struct fixture *f, const char *name);

void write_all(const char *path, const void *data, size_t n);

/* The caller closes it. */
struct fw_bytes read_all(const char *path);

/* The real disk, but for call number `fail_at` (the first is 0). */
struct faulty_disk {
    struct fw_disk disk;
    unsigned calls;   /* so far */
    unsigned fail_at; /* UINT_MAX: never */
    bool sticky;      /* all calls behind it fail too */
    bool dribble;     /* move one byte at a time, every other time EINTR */
};

void faulty_disk_init(struct faulty_disk *f, unsigned fail_at, bool sticky);

#endif
