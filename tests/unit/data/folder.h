/* folder.h - a folder of made-up data files, for tests.
 *
 * Layer: tests.  Thread: one.  close removes the folder and what is in it. */
#ifndef FW_TESTS_DATA_FOLDER_H
#define FW_TESTS_DATA_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLDER_PATH 64

struct folder {
    char path[FOLDER_PATH];
};

void folder_open(struct folder *f);
void folder_close(struct folder *f);

/* Write n bytes to `name`, packed with gzip or not; replaces. */
void folder_write(const struct folder *f, const char *name,
                  const uint8_t *bytes, size_t n, bool packed);

/* Keep the first n bytes of `name`. */
void folder_cut(const struct folder *f, const char *name, size_t n);

/* Bytes of `name` on disk. */
size_t folder_size(const struct folder *f, const char *name);

#endif
