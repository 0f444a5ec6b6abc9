/* dataset.h - labelled images by specification.
 *
 *     digits[:N[:SEED]]   N (10,000) procedurally drawn digits, see digits.h
 *     idx:DIR             MNIST-family files, gzip-compressed or not, see idx.h
 *     cifar10:DIR         or cifar10:FILE[,FILE...], see cifar10.h
 *
 * Values are the stored bytes divided by 255, so in [0, 1]; no mean is taken
 * off.  An image is stored height, width, channel (channel fastest).
 *
 * Layer: client/data.  Thread: one while loading, then any for reading.
 * Zero-initialise; close is safe twice and on zero. */
#ifndef FW_DATA_DATASET_H
#define FW_DATA_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "sdk/base/status.h"

/* Share of the images, at the end, that is kept for validation. */
#define FW_DATASET_VALIDATION 0.2

/* No set above this is loaded, whatever a header says. */
#define FW_DATASET_BYTES_MAX ((uint64_t)8 << 30)

struct fw_image_shape {
    uint32_t channels;
    uint32_t height;
    uint32_t width;
};

struct fw_dataset {
    float *inputs; /* owned; n * sample values in [0, 1] */
    float *labels; /* owned; n whole class numbers below classes */
    size_t n;
    size_t sample; /* values an image */
    struct fw_image_shape shape;
    uint32_t classes;
};

/* A run of images of a set.  All lent by the set. */
struct fw_samples {
    const float *inputs;
    const float *labels;
    size_t n;
    size_t sample; /* values an image */
};

/* Load or draw what `spec` says.  FW_INVALID: not such a specification;
 * FW_NOT_FOUND, FW_IO: a file; FW_CORRUPT: a file is truncated, foreign or too
 * large; FW_NOMEM.  `err` names the file.  On failure *d is closed. */
FW_MUST_USE fw_status fw_dataset_load(struct fw_dataset *d, const char *spec,
                                      struct fw_err *err);
void fw_dataset_close(struct fw_dataset *d);

/* Make room for n images; for the loaders.  FW_INVALID: the size overflows or
 * is above FW_DATASET_BYTES_MAX.  On failure *d is closed. */
FW_MUST_USE fw_status fw_dataset_reserve(struct fw_dataset *d, uint64_t n,
                                         struct fw_image_shape shape,
                                         struct fw_err *err);

/* The last `validation` (in [0, 1]) of the images, rounded down, and the rest:
 * the same for every worker. */
void fw_dataset_split(const struct fw_dataset *d, double validation,
                      struct fw_samples *train, struct fw_samples *held_out);

#endif
