#include "client/data/dataset.h"

#include <stdlib.h>
#include <string.h>

#include "client/data/cifar10.h"
#include "client/data/digits.h"
#include "client/data/idx.h"
#include "client/data/number.h"
#include "sdk/base/mem.h"

#define DIGITS_DEFAULT 10000 /* images, as many as MNIST's test part */
#define DIGITS_SEED    1

static fw_status load_digits(struct fw_dataset *d, const char *rest,
                             struct fw_err *err)
{
    uint64_t n = DIGITS_DEFAULT;
    uint64_t seed = DIGITS_SEED;
    bool ok = true;

    if (*rest == ':') {
        rest++;
        ok = fw_number_take(&rest, &n) && n > 0;
    }
    if (ok && *rest == ':') {
        rest++;
        ok = fw_number_take(&rest, &seed);
    }
    if (!ok || *rest)
        return fw_err_set(err, FW_INVALID,
                          "want digits[:N[:SEED]] with whole numbers, N not 0");
    return fw_digits_draw(d, n, seed, err);
}

static fw_status load_idx(struct fw_dataset *d, const char *rest,
                          struct fw_err *err)
{
    return fw_idx_load(d, rest + 1, err);
}

static fw_status load_cifar10(struct fw_dataset *d, const char *rest,
                              struct fw_err *err)
{
    return fw_cifar10_load(d, rest + 1, err);
}

static const struct kind {
    const char *name;
    bool needs_path;
    fw_status (*load)(struct fw_dataset *d, const char *rest,
                      struct fw_err *err);
} KINDS[] = {
    {"digits", false, load_digits},
    {"idx", true, load_idx},
    {"cifar10", true, load_cifar10},
};

fw_status fw_dataset_load(struct fw_dataset *d, const char *spec,
                          struct fw_err *err)
{
    size_t length = strcspn(spec, ":");
    const char *rest = spec + length;
    fw_status s;

    *d = (struct fw_dataset){0};
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(*KINDS); i++) {
        const struct kind *k = &KINDS[i];

        if (strlen(k->name) != length || strncmp(k->name, spec, length) != 0)
            continue;
        if (k->needs_path && (rest[0] == '\0' || rest[1] == '\0'))
            return fw_err_set(err, FW_INVALID, "data '%s' names no path", spec);
        s = k->load(d, rest, err);
        if (s != FW_OK)
            fw_dataset_close(d);
        return s == FW_OK ? s : fw_err_wrap(err, s, "data '%s'", spec);
    }
    return fw_err_set(err, FW_INVALID,
                      "no data '%s'; there are digits[:N[:SEED]], idx:DIR, "
                      "cifar10:DIR",
                      spec);
}

void fw_dataset_close(struct fw_dataset *d)
{
    free(d->inputs);
    free(d->labels);
    *d = (struct fw_dataset){0};
}

fw_status fw_dataset_reserve(struct fw_dataset *d, uint64_t n,
                             struct fw_image_shape shape, struct fw_err *err)
{
    uint64_t sample;
    uint64_t values;
    uint64_t bytes;

    *d = (struct fw_dataset){0};
    if (__builtin_mul_overflow((uint64_t)shape.height * shape.width,
                               (uint64_t)shape.channels, &sample) ||
        __builtin_mul_overflow(n, sample, &values) ||
        __builtin_mul_overflow(values, sizeof(float), &bytes) ||
        bytes > FW_DATASET_BYTES_MAX || n > FW_DATASET_BYTES_MAX)
        return fw_err_set(err, FW_INVALID,
                          "%llu images of %u x %u x %u are above the limit of "
                          "%llu bytes",
                          (unsigned long long)n, shape.height, shape.width,
                          shape.channels,
                          (unsigned long long)FW_DATASET_BYTES_MAX);
    d->inputs = fw_mem_aligned(values, sizeof(float));
    d->labels = fw_mem_array(n, sizeof(float));
    if (!d->inputs || !d->labels) {
        fw_dataset_close(d);
        return fw_err_set(err, FW_NOMEM, "%llu images", (unsigned long long)n);
    }
    d->n = n;
    d->sample = sample;
    d->shape = shape;
    return FW_OK;
}

void fw_dataset_split(const struct fw_dataset *d, double validation,
                      struct fw_samples *train, struct fw_samples *held_out)
{
    size_t n_held_out = (size_t)((double)d->n * validation);
    size_t n_train = d->n - n_held_out;

    *train = (struct fw_samples){d->inputs, d->labels, n_train, d->sample};
    *held_out = (struct fw_samples){d->inputs + n_train * d->sample,
                                    d->labels + n_train, n_held_out, d->sample};
}
