/* memory_disk.h - a disk in memory that remembers what is not yet durable.
 *
 * Contents are durable after fsync of the file, names after fsync of their
 * folder; until then a power loss may keep any part of them: whole writes are
 * lost or torn at sectors, renames and unlinks happen or not, in any order.
 * The strictest disk there can be, not any one file system.
 *
 * Layer: tests.  Thread: its owner's.  Out of its fixed room it ends the
 * program. */
#ifndef FW_TESTS_MEMORY_DISK_H
#define FW_TESTS_MEMORY_DISK_H

#include "sdk/base/random.h"
#include "server/store/disk.h"

#define MEMORY_DISK_NAMES 48
#define MEMORY_DISK_FILES 160
#define MEMORY_DISK_OPENS 8
#define MEMORY_DISK_PATH  160
#define MEMORY_DISK_NEVER UINT64_MAX

struct memory_file;

/* A name and what it names; `file` is NULL for a folder. */
struct memory_name {
    char path[MEMORY_DISK_PATH];
    struct memory_file *file; /* lent */
};

/* A change of names whose folder was not synced since: `from` vanishes (unless
 * empty) and `to` appears (unless empty), together. */
struct memory_change {
    char from[MEMORY_DISK_PATH];
    struct memory_name to;
};

struct memory_open {
    bool used;
    struct memory_file *file;    /* NULL: a folder */
    char path[MEMORY_DISK_PATH]; /* of the folder */
};

struct memory_disk {
    struct fw_disk disk; /* its `user` is this; do not move */
    struct memory_file *files[MEMORY_DISK_FILES]; /* owned */
    unsigned n_files;
    struct memory_name names[MEMORY_DISK_NAMES]; /* as programs see them */
    unsigned n_names;
    struct memory_name durable[MEMORY_DISK_NAMES]; /* that survive for sure */
    unsigned n_durable;
    struct memory_change changes[MEMORY_DISK_FILES]; /* oldest first */
    unsigned n_changes;
    struct memory_open opens[MEMORY_DISK_OPENS];

    uint64_t calls;    /* so far */
    uint64_t fail_at;  /* this call fails */
    bool sticky;       /* and all behind it */
    int error;         /* negated errno; 0: it moves one byte only */
    uint64_t power_at; /* from this call on the power is off */
};

/* Called when the disk itself begins and ends to allocate; for tests that make
 * allocations fail.  NULL: nobody is told. */
extern void (*memory_disk_allocates)(bool begins);

void memory_disk_open(struct memory_disk *d);
void memory_disk_close(struct memory_disk *d);

/* What may lie on `from` when the power comes back, in a disk that was not
 * opened; `from` stays as it is. */
void memory_disk_image(const struct memory_disk *from, struct fw_random *dice,
                       struct memory_disk *out);

#endif
