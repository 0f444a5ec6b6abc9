/* disk.h - the calls that reach a disk, as a table.
 *
 * Everything the store does to files goes through such a table, so that tests
 * can make any call fail.  fw_disk_real() is the one that servers use.
 *
 * Layer: server/store.  Thread: any; a descriptor is its owner's. */
#ifndef FW_STORE_DISK_H
#define FW_STORE_DISK_H

#include <stdbool.h>

#include "sdk/base/status.h"

/* Each call returns what its comment says, or a negated errno. */
struct fw_disk {
    void *user; /* lent; handed to every call */

    /* A descriptor.  `flags` are open(2)'s; a new file gets mode 0600. */
    int (*open)(void *user, const char *path, int flags);
    int (*close)(void *user, int fd);
    /* Bytes moved at offset `at`; may be fewer than `n`; reading returns 0 at
     * the end of the file. */
    int64_t (*read)(void *user, int fd, void *to, size_t n, uint64_t at);
    int64_t (*write)(void *user, int fd, const void *from, size_t n,
                     uint64_t at);
    int64_t (*size)(void *user, int fd); /* bytes in the file */
    /* Bytes free around a folder; may be NULL: not known. */
    int64_t (*room)(void *user, const char *path);
    int (*fsync)(void *user, int fd);
    int (*rename)(void *user, const char *from, const char *to);
    int (*unlink)(void *user, const char *path);
    int (*mkdir)(void *user, const char *path); /* mode 0700 */
    int (*rmdir)(void *user, const char *path);
    /* Call `each` with every name in a folder but "." and "..". */
    int (*list)(void *user, const char *path,
                void (*each)(void *arg, const char *name), void *arg);
};

/* The operating system's. */
const struct fw_disk *fw_disk_real(void);

/* The same with whole results and explanations: FW_NOT_FOUND, FW_IO, FW_NOMEM,
 * naming `path` and the errno. */
FW_MUST_USE fw_status fw_disk_open(const struct fw_disk *d, const char *path,
                                   int flags, int *fd, struct fw_err *err);
FW_MUST_USE fw_status fw_disk_close(const struct fw_disk *d, const char *path,
                                    int fd, struct fw_err *err);
FW_MUST_USE fw_status fw_disk_size(const struct fw_disk *d, const char *path,
                                   int fd, uint64_t *n, struct fw_err *err);

/* A piece of an open file. */
struct fw_disk_piece {
    int fd;
    const char *path; /* for explanations */
    size_t n;
    uint64_t at; /* offset in the file */
};

/* All of a piece; FW_CORRUPT if the file ends inside of it. */
FW_MUST_USE fw_status fw_disk_read(const struct fw_disk *d,
                                   const struct fw_disk_piece *p, void *to,
                                   struct fw_err *err);
FW_MUST_USE fw_status fw_disk_write(const struct fw_disk *d,
                                    const struct fw_disk_piece *p,
                                    const void *from, struct fw_err *err);

FW_MUST_USE fw_status fw_disk_fsync(const struct fw_disk *d, const char *path,
                                    int fd, struct fw_err *err);
FW_MUST_USE fw_status fw_disk_rename(const struct fw_disk *d, const char *from,
                                     const char *to, struct fw_err *err);
FW_MUST_USE fw_status fw_disk_unlink(const struct fw_disk *d, const char *path,
                                     struct fw_err *err);

FW_MUST_USE fw_status fw_disk_list(const struct fw_disk *d, const char *path,
                                   void (*each)(void *arg, const char *name),
                                   void *arg, struct fw_err *err);

/* Make a folder and have its parent's entry on disk; one that is there will
 * do. */
FW_MUST_USE fw_status fw_disk_make_folder(const struct fw_disk *d,
                                          const char *path, struct fw_err *err);

/* Remove an empty folder, and its entry from the disk. */
FW_MUST_USE fw_status fw_disk_remove_folder(const struct fw_disk *d,
                                            const char *path,
                                            struct fw_err *err);

/* Have the entries of a folder on disk. */
FW_MUST_USE fw_status fw_disk_sync_folder(const struct fw_disk *d,
                                          const char *path, struct fw_err *err);

#endif
