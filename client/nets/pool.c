#include <string.h>

#include "client/nets/layer.h"
#include "client/nets/wide.h"

/* The largest of four points, channel by channel, and which one it was; the
 * choice is a number of the same size so that the loop can be vectorised. */
static inline void choose(const fw_real *restrict x[4], fw_real *restrict y,
                          fw_real *restrict choice, size_t channels)
{
    const fw_real *restrict a = x[0];
    const fw_real *restrict b = x[1];
    const fw_real *restrict c = x[2];
    const fw_real *restrict d = x[3];

    for (size_t k = 0; k < channels; k++) {
        fw_real upper = b[k] > a[k] ? b[k] : a[k];
        fw_real lower = d[k] > c[k] ? d[k] : c[k];
        fw_real in_upper = b[k] > a[k] ? 1 : 0;
        fw_real in_lower = d[k] > c[k] ? 3 : 2;

        y[k] = lower > upper ? lower : upper;
        choice[k] = lower > upper ? in_lower : in_upper;
    }
}

/* Offset of corner 0 to 3 of the block whose top left is at `start`. */
static inline size_t corner(const struct fw_layer *l, size_t start,
                            size_t number)
{
    size_t line = l->in.width * l->in.channels;

    return start + number / 2 * line + number % 2 * l->in.channels;
}

static inline size_t block(const struct fw_layer *l, size_t i, size_t j)
{
    return (2 * i * l->in.width + 2 * j) * l->in.channels;
}

FW_WIDE static void pool_sample(const struct fw_layer *l, const fw_real *x,
                                fw_real *y, fw_real *choice)
{
    for (size_t i = 0; i < l->out.height; i++) {
        for (size_t j = 0; j < l->out.width; j++) {
            size_t start = block(l, i, j);
            const fw_real *from[4];

            for (size_t q = 0; q < 4; q++)
                from[q] = x + corner(l, start, q);
            choose(from, y, choice, l->in.channels);
            y += l->in.channels;
            choice += l->in.channels;
        }
    }
}

static void forward(const struct fw_layer *l, const struct fw_pass *p)
{
    size_t out = fw_shape_size(&l->out);

    for (size_t s = 0; s < p->n; s++)
        pool_sample(l, p->x + s * fw_shape_size(&l->in), p->y + s * out,
                    p->scratch + s * out);
}

/* The corner that was chosen gets the whole slope, the others nothing. */
static inline void give(const fw_real *restrict dy,
                        const fw_real *restrict choice, fw_real *const to[4],
                        size_t channels)
{
    fw_real *restrict a = to[0];
    fw_real *restrict b = to[1];
    fw_real *restrict c = to[2];
    fw_real *restrict d = to[3];

    for (size_t k = 0; k < channels; k++) {
        fw_real slope = dy[k];
        fw_real number = choice[k];

        a[k] = number == 0 ? slope : 0;
        b[k] = number == 1 ? slope : 0;
        c[k] = number == 2 ? slope : 0;
        d[k] = number == 3 ? slope : 0;
    }
}

FW_WIDE static void give_sample(const struct fw_layer *l, const fw_real *dy,
                                const fw_real *choice, fw_real *dx)
{
    for (size_t i = 0; i < l->out.height; i++) {
        for (size_t j = 0; j < l->out.width; j++) {
            size_t start = block(l, i, j);
            fw_real *to[4];

            for (size_t q = 0; q < 4; q++)
                to[q] = dx + corner(l, start, q);
            give(dy, choice, to, l->in.channels);
            dy += l->in.channels;
            choice += l->in.channels;
        }
    }
}

static void backward(const struct fw_layer *l, const struct fw_pass *p)
{
    size_t in = fw_shape_size(&l->in);
    size_t out = fw_shape_size(&l->out);

    if (!p->dx)
        return;
    if (l->in.height % 2 || l->in.width % 2) /* what was left out gets none */
        memset(p->dx, 0, p->n * in * sizeof(*p->dx));
    for (size_t s = 0; s < p->n; s++)
        give_sample(l, p->dy + s * out, p->scratch + s * out, p->dx + s * in);
}

struct fw_layer fw_pool(struct fw_shape in)
{
    static const struct fw_layer_kind kind = {forward, backward};
    struct fw_shape out = {in.height / 2, in.width / 2, in.channels};

    return (struct fw_layer){
        .kind = &kind,
        .in = in,
        .out = out,
        .scratch = fw_shape_size(&out),
    };
}
