/* layer.h - one step of a network, forward and back.
 *
 * A layer is a description; the numbers it works on come in a fw_pass.  The
 * features of a sample are stored height, width, channel (channel fastest), so
 * that a window's rows and all channels of a point lie next to each other.
 *
 * Layer: client/nets.  Thread: any, a pass has one.  Layers own nothing. */
#ifndef FW_NETS_LAYER_H
#define FW_NETS_LAYER_H

#include <stddef.h>

#include "client/nets/real.h"

struct fw_shape {
    size_t height;
    size_t width;
    size_t channels;
};

/* What one batch brings; all arrays are lent. */
struct fw_pass {
    size_t n;                  /* samples */
    const fw_real *parameters; /* this layer's: weights, then biases */
    const fw_real *x;          /* n inputs */
    fw_real *y;                /* n outputs; written by forward */
    fw_real *scratch;          /* forward leaves here what backward needs */
    const fw_real *dy;         /* dloss/dy */
    fw_real *dx;               /* dloss/dx; NULL: not asked for */
    fw_real *gradient;         /* dloss/dparameters, overwritten */
};

struct fw_layer;

struct fw_layer_kind {
    void (*forward)(const struct fw_layer *l, const struct fw_pass *p);
    void (*backward)(const struct fw_layer *l, const struct fw_pass *p);
};

struct fw_layer {
    const struct fw_layer_kind *kind;
    struct fw_shape in;
    struct fw_shape out;
    size_t window;  /* side of a convolution's kernel; 0 for other kinds */
    size_t fan_in;  /* inputs of one output; 0 if there are no parameters */
    size_t weights; /* out.channels * fan_in, or 0 */
    size_t biases;  /* out.channels, or 0 */
    size_t scratch; /* numbers a sample */
    size_t shared;  /* numbers of scratch after those, for the whole pass */
};

static inline size_t fw_shape_size(const struct fw_shape *s)
{
    return s->height * s->width * s->channels;
}

/* All features to `units` sums: weight [units, features], bias [units]. */
struct fw_layer fw_dense(struct fw_shape in, size_t units);

/* Valid convolution, stride 1; in.height and in.width must be at least
 * `window`.  Weight [channels, window, window, in.channels], bias [channels].
 * Scratch holds the unrolled windows, and is spoilt by backward; shapes that
 * direct.h knows are not unrolled and need little of it. */
struct fw_layer fw_conv(struct fw_shape in, size_t window, size_t channels);

/* Largest of each 2 x 2 block; an odd last row or column is left out. */
struct fw_layer fw_pool(struct fw_shape in);

/* max(0, x), with slope 0 at 0. */
struct fw_layer fw_relu(struct fw_shape in);

#endif
