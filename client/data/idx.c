#include "client/data/idx.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/data/file.h"
#include "sdk/base/mem.h"

#define IMAGES_MAGIC 0x803u /* unsigned bytes, three dimensions */
#define LABELS_MAGIC 0x801u /* unsigned bytes, one dimension */
#define RANK_MAX     3
#define WORD         4 /* bytes of a header's number */

#define SIDE_MAX 1024 /* pixels */
#define CLASSES  10
#define WHITE    255.0f

struct pair {
    char images[PATH_MAX];
    char labels[PATH_MAX];
};

/* DIR/PART-WHAT with or without .gz into `path`; false if neither is there. */
static bool find_file(char path[PATH_MAX], const char *dir, const char *part,
                      const char *what)
{
    static const char *const endings[] = {"", ".gz"};

    for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
        int n =
            snprintf(path, PATH_MAX, "%s/%s-%s%s", dir, part, what, endings[i]);

        if (n > 0 && n < PATH_MAX && access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static fw_status find_pair(struct pair *p, const char *dir, struct fw_err *err)
{
    static const char *const parts[] = {"train", "t10k"};

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        if (!find_file(p->images, dir, parts[i], "images-idx3-ubyte"))
            continue;
        if (find_file(p->labels, dir, parts[i], "labels-idx1-ubyte"))
            return FW_OK;
        return fw_err_set(err, FW_NOT_FOUND,
                          "%s: no %s-labels-idx1-ubyte[.gz] to its images", dir,
                          parts[i]);
    }
    return fw_err_set(err, FW_NOT_FOUND,
                      "%s: no train- or t10k-images-idx3-ubyte[.gz]", dir);
}

static uint32_t big_endian(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
           b[3];
}

/* Read magic and `rank` lengths. */
static fw_status read_header(struct fw_data_file *f, uint32_t magic,
                             uint32_t lengths[RANK_MAX], struct fw_err *err)
{
    uint8_t raw[WORD * (RANK_MAX + 1)];
    uint32_t rank = magic & 0xff; /* the last byte is the rank */
    fw_status s = fw_data_file_read(f, raw, WORD, err);

    if (s != FW_OK)
        return s;
    if (big_endian(raw) != magic)
        return fw_err_set(err, FW_CORRUPT,
                          "%s: magic is 0x%08x, want 0x%08x: not such a file",
                          f->path, big_endian(raw), magic);
    s = fw_data_file_read(f, raw + WORD, WORD * (size_t)rank, err);
    for (uint32_t i = 0; s == FW_OK && i < rank; i++)
        lengths[i] = big_endian(raw + WORD * (i + 1));
    return s;
}

/* Bytes to [0, 1], a stretch at a time: the bytes never exist as a whole. */
static fw_status read_pixels(struct fw_data_file *f, float *to, size_t n,
                             struct fw_err *err)
{
    uint8_t raw[4096];
    fw_status s = FW_OK;

    while (s == FW_OK && n) {
        size_t piece = n < sizeof(raw) ? n : sizeof(raw);

        s = fw_data_file_read(f, raw, piece, err);
        for (size_t i = 0; s == FW_OK && i < piece; i++)
            *to++ = (float)raw[i] / WHITE;
        n -= piece;
    }
    return s;
}

static fw_status load_images(struct fw_dataset *d, const char *path,
                             struct fw_err *err)
{
    struct fw_data_file f = {0};
    uint32_t n[RANK_MAX] = {0};
    fw_status s = fw_data_file_open(&f, path, err);

    if (s == FW_OK)
        s = read_header(&f, IMAGES_MAGIC, n, err);
    if (s != FW_OK)
        goto done;
    if (n[0] < 1 || n[1] < 1 || n[1] > SIDE_MAX || n[2] < 1 ||
        n[2] > SIDE_MAX) {
        s = fw_err_set(err, FW_CORRUPT,
                       "%s: %u images of %u x %u: want at least one image, and "
                       "sides of 1 to %d",
                       path, n[0], n[1], n[2], SIDE_MAX);
        goto done;
    }
    /* Cannot overflow: 2^32 images of at most 2^20 bytes. */
    s = fw_data_file_expect(
        &f, WORD * (RANK_MAX + 1) + (uint64_t)n[0] * n[1] * n[2], err);
    if (s != FW_OK)
        goto done;
    s = fw_dataset_reserve(d, n[0], (struct fw_image_shape){1, n[1], n[2]},
                           err);
    if (s != FW_OK) {
        s = fw_err_wrap(err, s, "%s", path);
        goto done;
    }
    s = read_pixels(&f, d->inputs, d->n * d->sample, err);
    if (s == FW_OK)
        s = fw_data_file_end(&f, err);
done:
    fw_data_file_close(&f);
    return s;
}

/* Into the set that has its images already. */
static fw_status load_labels(struct fw_dataset *d, const char *path,
                             struct fw_err *err)
{
    struct fw_data_file f = {0};
    uint32_t n[RANK_MAX] = {0};
    fw_status s = fw_data_file_open(&f, path, err);

    if (s == FW_OK)
        s = read_header(&f, LABELS_MAGIC, n, err);
    if (s == FW_OK)
        s = fw_data_file_expect(&f, WORD * 2 + (uint64_t)n[0], err);
    if (s != FW_OK)
        goto done;
    if (n[0] != d->n) {
        s = fw_err_set(err, FW_CORRUPT, "%s: %u labels for %zu images", path,
                       n[0], d->n);
        goto done;
    }
    for (size_t i = 0; s == FW_OK && i < d->n; i++) {
        uint8_t label;

        s = fw_data_file_read(&f, &label, 1, err);
        if (s == FW_OK && label >= CLASSES)
            s = fw_err_set(err, FW_CORRUPT, "%s: label %zu is %u, want 0 to %d",
                           path, i, label, CLASSES - 1);
        if (s == FW_OK)
            d->labels[i] = label;
    }
    if (s == FW_OK)
        s = fw_data_file_end(&f, err);
done:
    fw_data_file_close(&f);
    return s;
}

fw_status fw_idx_load(struct fw_dataset *d, const char *dir, struct fw_err *err)
{
    struct pair *p = fw_mem_array(1, sizeof(*p));
    fw_status s;

    if (!p)
        return fw_err_set(err, FW_NOMEM, "%s", dir);
    s = find_pair(p, dir, err);
    if (s == FW_OK)
        s = load_images(d, p->images, err);
    if (s == FW_OK)
        s = load_labels(d, p->labels, err);
    if (s == FW_OK)
        d->classes = CLASSES;
    else
        fw_dataset_close(d);
    free(p);
    return s;
}
