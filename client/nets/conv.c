#include <string.h>

#include "client/nets/direct.h"
#include "client/nets/layer.h"
#include "client/nets/product.h"

/* Rows of the unrolled matrix: one a point of the output. */
static size_t points(const struct fw_layer *l)
{
    return l->out.height * l->out.width;
}

/* Lay the window under each output point out as a row, so that the whole batch
 * is one product.  A window's row is contiguous in x: window * channels. */
static void unroll(const struct fw_layer *l, const fw_real *x, fw_real *rows)
{
    size_t line = l->in.width * l->in.channels;
    size_t run = l->window * l->in.channels;

    for (size_t i = 0; i < l->out.height; i++) {
        for (size_t j = 0; j < l->out.width; j++) {
            const fw_real *from = x + i * line + j * l->in.channels;

            for (size_t v = 0; v < l->window; v++, rows += run)
                memcpy(rows, from + v * line, run * sizeof(*rows));
        }
    }
}

static void add(fw_real *restrict y, const fw_real *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

/* The transpose of unroll: every input collects from the windows it was in. */
static void roll(const struct fw_layer *l, const fw_real *rows, fw_real *dx)
{
    size_t line = l->in.width * l->in.channels;
    size_t run = l->window * l->in.channels;

    memset(dx, 0, fw_shape_size(&l->in) * sizeof(*dx));
    for (size_t i = 0; i < l->out.height; i++) {
        for (size_t j = 0; j < l->out.width; j++) {
            fw_real *to = dx + i * line + j * l->in.channels;

            for (size_t v = 0; v < l->window; v++, rows += run)
                add(to + v * line, rows, run);
        }
    }
}

static void forward(const struct fw_layer *l, const struct fw_pass *p)
{
    size_t n_rows = p->n * points(l);
    struct fw_product xw = {n_rows,     l->out.channels, l->fan_in,
                            p->scratch, p->parameters,   p->y};

    for (size_t i = 0; i < p->n; i++)
        unroll(l, p->x + i * fw_shape_size(&l->in),
               p->scratch + i * l->scratch);
    fw_product_nt(&xw);
    fw_rows_add(p->y, p->parameters + l->weights, n_rows, l->biases);
}

static void backward(const struct fw_layer *l, const struct fw_pass *p)
{
    size_t n_rows = p->n * points(l);
    struct fw_product dw = {l->out.channels, l->fan_in,  n_rows,
                            p->dy,           p->scratch, p->gradient};
    struct fw_product drows = {n_rows, l->fan_in,     l->out.channels,
                               p->dy,  p->parameters, p->scratch};

    fw_product_tn(&dw);
    fw_rows_sum(p->dy, n_rows, l->biases, p->gradient + l->weights);
    if (!p->dx)
        return;
    fw_product_nn(&drows); /* over the unrolled x, which has done its work */
    for (size_t i = 0; i < p->n; i++)
        roll(l, p->scratch + i * l->scratch, p->dx + i * fw_shape_size(&l->in));
}

/* [out.channels, fan_in] as [fan_in, out.channels]. */
static void pack(const struct fw_layer *l, const fw_real *weight,
                 fw_real *packed)
{
    for (size_t k = 0; k < l->out.channels; k++) {
        for (size_t q = 0; q < l->fan_in; q++)
            packed[q * l->out.channels + k] = weight[k * l->fan_in + q];
    }
}

static void unpack(const struct fw_layer *l, const fw_real *packed,
                   fw_real *weight)
{
    for (size_t k = 0; k < l->out.channels; k++) {
        for (size_t q = 0; q < l->fan_in; q++)
            weight[k * l->fan_in + q] = packed[q * l->out.channels + k];
    }
}

static void direct_forward(const struct fw_layer *l, const struct fw_pass *p)
{
    const struct fw_direct *d = fw_direct_nth(0);
    fw_real *packed = p->scratch;

    pack(l, p->parameters, packed);
    for (size_t i = 0; i < p->n; i++)
        d->forward(l, p->x + i * fw_shape_size(&l->in), packed,
                   p->parameters + l->weights,
                   p->y + i * fw_shape_size(&l->out));
}

static void direct_backward(const struct fw_layer *l, const struct fw_pass *p)
{
    const struct fw_direct *d = fw_direct_nth(0);
    fw_real *packed = p->scratch;

    memset(packed, 0, l->weights * sizeof(*packed));
    for (size_t i = 0; i < p->n; i++) {
        const fw_real *x = p->x + i * fw_shape_size(&l->in);
        const fw_real *dy = p->dy + i * fw_shape_size(&l->out);

        d->weights(l, x, dy, packed);
        if (p->dx)
            d->inputs(l, p->parameters, dy, p->dx + i * fw_shape_size(&l->in));
    }
    unpack(l, packed, p->gradient);
    fw_rows_sum(p->dy, p->n * points(l), l->biases, p->gradient + l->weights);
}

struct fw_layer fw_conv(struct fw_shape in, size_t window, size_t channels)
{
    static const struct fw_layer_kind kind = {forward, backward};
    static const struct fw_layer_kind direct = {direct_forward,
                                                direct_backward};
    size_t fan_in = window * window * in.channels;
    struct fw_shape out = {in.height - window + 1, in.width - window + 1,
                           channels};

    struct fw_layer l = {
        .kind = &kind,
        .in = in,
        .out = out,
        .window = window,
        .fan_in = fan_in,
        .weights = channels * fan_in,
        .biases = channels,
        .scratch = out.height * out.width * fan_in,
    };

    if (fw_direct_fits(&l)) {
        l.kind = &direct;
        l.scratch = 0;
        l.shared = l.weights;
    }
    return l;
}
