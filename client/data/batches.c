#include "client/data/batches.h"

#include <stdlib.h>
#include <string.h>

#include "client/data/number.h"
#include "sdk/base/mem.h"

#define SHARD "shard:"

struct shard {
    uint64_t i;
    uint64_t n;
};

static bool parse(const char *text, struct shard *out)
{
    *out = (struct shard){0, 1};
    if (strcmp(text, "iid") == 0)
        return true;
    if (strncmp(text, SHARD, strlen(SHARD)) != 0)
        return false;
    text += strlen(SHARD);
    if (!fw_number_take(&text, &out->i) || *text++ != '/' ||
        !fw_number_take(&text, &out->n))
        return false;
    return *text == '\0' && out->i < out->n;
}

/* Fisher-Yates. */
static void shuffle(struct fw_batches *b)
{
    for (size_t i = b->n; i > 1; i--) {
        size_t j = fw_random_below(&b->random, i);
        size_t swap = b->order[i - 1];

        b->order[i - 1] = b->order[j];
        b->order[j] = swap;
    }
    b->next = 0;
}

fw_status fw_batches_init(struct fw_batches *b, const struct fw_samples *from,
                          const char *sampling, uint64_t seed,
                          struct fw_err *err)
{
    struct shard shard;

    *b = (struct fw_batches){0};
    if (!parse(sampling, &shard))
        return fw_err_set(err, FW_INVALID, "sampling '%s': want %s", sampling,
                          FW_SAMPLING_RULE);
    if (shard.i >= from->n)
        return fw_err_set(err, FW_INVALID,
                          "sampling '%s': none of %zu images is left for it",
                          sampling, from->n);
    b->from = *from;
    b->n = (from->n - shard.i - 1) / shard.n + 1;
    b->order = fw_mem_array(b->n, sizeof(*b->order));
    if (!b->order) {
        fw_batches_close(b);
        return fw_err_set(err, FW_NOMEM, "order of the images");
    }
    for (size_t k = 0; k < b->n; k++)
        b->order[k] = shard.i + k * shard.n;
    fw_random_init(&b->random, seed);
    shuffle(b);
    return FW_OK;
}

void fw_batches_close(struct fw_batches *b)
{
    free(b->order);
    *b = (struct fw_batches){0};
}

void fw_batches_take(struct fw_batches *b, size_t n, float *inputs,
                     float *labels)
{
    size_t sample = b->from.sample;

    for (size_t i = 0; i < n; i++) {
        size_t image = b->order[b->next++];

        memcpy(inputs + i * sample, b->from.inputs + image * sample,
               sample * sizeof(*inputs));
        labels[i] = b->from.labels[image];
        if (b->next == b->n) {
            b->epochs++;
            shuffle(b);
        }
    }
}
