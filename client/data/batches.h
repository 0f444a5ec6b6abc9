/* batches.h - one worker's way through the training images.
 *
 *     iid          the whole set
 *     shard:i/n    only every n-th image, starting with image i (from 0)
 *
 * Each epoch goes through what there is in a fresh random order, so an image
 * comes again only when all others have come.  Workers with different seeds
 * see different orders; the same seed gives the same batches.
 *
 * Layer: client/data.  Thread: its owner's.  Owns the order, not the images.
 * Zero-initialise; close is safe twice and on zero. */
#ifndef FW_DATA_BATCHES_H
#define FW_DATA_BATCHES_H

#include <stddef.h>
#include <stdint.h>

#include "client/data/dataset.h"
#include "sdk/base/random.h"

#define FW_SAMPLING_RULE "iid or shard:i/n with i below n"

struct fw_batches {
    struct fw_samples from; /* lent by the set */
    size_t *order;          /* owned; images of this worker, shuffled */
    size_t n;               /* images of this worker: an epoch */
    size_t next;            /* place in order of the next image */
    uint64_t epochs;        /* that are complete */
    struct fw_random random;
};

/* FW_INVALID: not FW_SAMPLING_RULE, or no image falls to this worker;
 * FW_NOMEM.  On failure *b is closed. */
FW_MUST_USE fw_status fw_batches_init(struct fw_batches *b,
                                      const struct fw_samples *from,
                                      const char *sampling, uint64_t seed,
                                      struct fw_err *err);
void fw_batches_close(struct fw_batches *b);

/* The next n images and labels, one after the other; goes on into the next
 * epoch where the images run out. */
void fw_batches_take(struct fw_batches *b, size_t n, float *inputs,
                     float *labels);

#endif
