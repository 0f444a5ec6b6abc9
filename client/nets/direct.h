/* direct.h - convolutions without unrolling, for the shapes that matter.
 *
 * A window of 5 x 5 onto a multiple of 16 channels, which is what the cnn has:
 * sums of a strip of points stay in vector registers while the window goes by,
 * and x, y and the weights are read where they are.  Three passes do the work
 * of one convolution, each over one sample:
 *
 *     forward    y = w * x + bias
 *     weights    gradient += dy * x
 *     inputs     dx = w' * dy
 *
 * The same functions are compiled for AVX-512, AVX2 and what every machine
 * has (direct_body.h); fw_direct_best chooses once.  Within one of them the
 * same input gives the same bits.
 *
 * Layer: client/nets.  Thread: any.  Everything is lent; nothing is owned. */
#ifndef FW_NETS_DIRECT_H
#define FW_NETS_DIRECT_H

#include <stdbool.h>

#include "client/nets/layer.h"

#define FW_DIRECT_WINDOW   5
#define FW_DIRECT_CHANNELS 16 /* of the output: multiples of it */

struct fw_direct {
    /* y of one sample.  `packed` is the weight as [fan_in, out.channels]. */
    void (*forward)(const struct fw_layer *l, const fw_real *x,
                    const fw_real *packed, const fw_real *bias, fw_real *y);

    /* Adds one sample's slopes to `packed`, laid out as forward's. */
    void (*weights)(const struct fw_layer *l, const fw_real *x,
                    const fw_real *dy, fw_real *packed);

    /* dx of one sample, from the weight as parameters hold it. */
    void (*inputs)(const struct fw_layer *l, const fw_real *weight,
                   const fw_real *dy, fw_real *dx);
};

extern const struct fw_direct fw_direct_avx512;
extern const struct fw_direct fw_direct_avx2;
extern const struct fw_direct fw_direct_base;

/* Whether these functions can do the layer. */
bool fw_direct_fits(const struct fw_layer *l);

/* The fastest this machine can run, or the `i`th fastest; NULL past the last.
 * Tests compare them. */
const struct fw_direct *fw_direct_nth(unsigned i);

#endif
