/* memory_parts.h - what memory_disk.c and memory_image.c share.
 *
 * Layer: tests.  Thread: the disk's owner's. */
#ifndef FW_TESTS_MEMORY_PARTS_H
#define FW_TESTS_MEMORY_PARTS_H

#include "tests/support/memory_disk.h"

#define MEMORY_WRITES 64

struct memory_write {
    uint8_t *data; /* owned */
    size_t n;
    uint64_t at;
};

struct memory_file {
    uint8_t *data; /* owned; as programs see it */
    size_t n;
    uint8_t *durable; /* owned */
    size_t n_durable;
    struct memory_write writes[MEMORY_WRITES]; /* since the last fsync */
    unsigned n_writes;
};

/* End the program, naming `what`, unless it holds. */
void memory_need(bool holds, const char *what);

/* The caller frees it. */
void *memory_copy(const void *data, size_t n);

struct memory_file *memory_add_file(struct memory_disk *d);

/* NULL: there is no such name. */
struct memory_name *memory_find(struct memory_name *names, unsigned n,
                                const char *path);
void memory_unset(struct memory_name *names, unsigned *n, const char *path);
void memory_apply(struct memory_name *names, unsigned *n,
                  const struct memory_change *c);

/* Overwrite bytes; a file grows with zeros. */
void memory_put(uint8_t **data, size_t *n, const void *from, size_t len,
                uint64_t at);

#endif
