#include "client/data/cifar10.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/data/file.h"
#include "sdk/base/mem.h"

#define SIDE     32
#define CHANNELS 3
#define PLANE    ((size_t)SIDE * SIDE)
#define RECORD   (1 + CHANNELS * PLANE) /* bytes */
#define CLASSES  10
#define WHITE    255.0f

#define FILES_MAX 16 /* the set has five batches and a test batch */

struct files {
    char path[FILES_MAX][PATH_MAX];
    size_t records[FILES_MAX];
    size_t n;
};

static fw_status add_path(struct files *f, const char *path, size_t length,
                          struct fw_err *err)
{
    if (f->n == FILES_MAX)
        return fw_err_set(err, FW_INVALID, "more than %d files", FILES_MAX);
    if (length == 0 || length >= PATH_MAX)
        return fw_err_set(err, FW_INVALID, "a file's name has %zu bytes",
                          length);
    memcpy(f->path[f->n], path, length);
    f->path[f->n++][length] = '\0';
    return FW_OK;
}

static fw_status find_in_folder(struct files *f, const char *dir,
                                struct fw_err *err)
{
    for (int batch = 1; batch <= 5; batch++) { /* the set has five */
        char *path = f->path[f->n];
        int n = snprintf(path, PATH_MAX, "%s/data_batch_%d.bin", dir, batch);

        if (n > 0 && n < PATH_MAX && access(path, F_OK) == 0)
            f->n++;
    }
    if (f->n == 0)
        return fw_err_set(err, FW_NOT_FOUND,
                          "%s: no data_batch_1.bin to _5.bin", dir);
    return FW_OK;
}

static fw_status find(struct files *f, const char *where, struct fw_err *err)
{
    struct stat st;
    fw_status s = FW_OK;

    if (stat(where, &st) == 0 && S_ISDIR(st.st_mode))
        return find_in_folder(f, where, err);
    while (s == FW_OK) {
        size_t length = strcspn(where, ",");

        s = add_path(f, where, length, err);
        if (where[length] == '\0')
            break;
        where += length + 1;
    }
    return s;
}

/* How many records a file has, before memory is taken for them. */
static fw_status count(const char *path, size_t *records, struct fw_err *err)
{
    struct fw_data_file f = {0};
    fw_status s = fw_data_file_open(&f, path, err);

    if (s == FW_OK && f.packed)
        s = fw_err_set(err, FW_CORRUPT, "%s: is gzip-compressed, unpack it",
                       path);
    else if (s == FW_OK && (f.on_disk == 0 || f.on_disk % RECORD != 0))
        s = fw_err_set(err, FW_CORRUPT,
                       "%s: %llu bytes are no whole number of records of %zu: "
                       "truncated or not CIFAR-10",
                       path, (unsigned long long)f.on_disk, RECORD);
    *records = f.on_disk / RECORD;
    fw_data_file_close(&f);
    return s;
}

static void weave(const uint8_t *planes, float *to)
{
    for (size_t i = 0; i < PLANE; i++) {
        for (size_t c = 0; c < CHANNELS; c++)
            *to++ = (float)planes[c * PLANE + i] / WHITE;
    }
}

/* Put a file's records at image `at` of the set. */
static fw_status load_file(struct fw_dataset *d, size_t at, const char *path,
                           size_t records, struct fw_err *err)
{
    struct fw_data_file f = {0};
    uint8_t record[RECORD];
    fw_status s = fw_data_file_open(&f, path, err);

    for (size_t i = 0; s == FW_OK && i < records; i++) {
        s = fw_data_file_read(&f, record, RECORD, err);
        if (s == FW_OK && record[0] >= CLASSES)
            s = fw_err_set(err, FW_CORRUPT,
                           "%s: label of record %zu is %u, want 0 to %d: not "
                           "CIFAR-10",
                           path, i, record[0], CLASSES - 1);
        if (s == FW_OK) {
            d->labels[at + i] = record[0];
            weave(record + 1, d->inputs + (at + i) * d->sample);
        }
    }
    if (s == FW_OK)
        s = fw_data_file_end(&f, err); /* it may have grown */
    fw_data_file_close(&f);
    return s;
}

fw_status fw_cifar10_load(struct fw_dataset *d, const char *where,
                          struct fw_err *err)
{
    struct files *f = fw_mem_array(1, sizeof(*f));
    size_t total = 0;
    size_t at = 0;
    fw_status s;

    if (!f)
        return fw_err_set(err, FW_NOMEM, "%s", where);
    s = find(f, where, err);
    for (size_t i = 0; s == FW_OK && i < f->n; i++) {
        s = count(f->path[i], &f->records[i], err);
        total += f->records[i]; /* file sizes / 3,073: cannot overflow */
    }
    if (s == FW_OK)
        s = fw_dataset_reserve(
            d, total, (struct fw_image_shape){CHANNELS, SIDE, SIDE}, err);
    for (size_t i = 0; s == FW_OK && i < f->n; i++) {
        s = load_file(d, at, f->path[i], f->records[i], err);
        at += f->records[i];
    }
    if (s == FW_OK)
        d->classes = CLASSES;
    else
        fw_dataset_close(d);
    free(f);
    return s;
}
