#include "client/nets/layer.h"
#include "client/nets/wide.h"

FW_WIDE static void cut(const fw_real *restrict x, fw_real *restrict y,
                        size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > 0 ? x[i] : 0;
}

/* dy is read in any case: a read under a condition is no vector's. */
FW_WIDE static void mask(const fw_real *restrict y, const fw_real *restrict dy,
                         fw_real *restrict dx, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fw_real slope = dy[i];

        dx[i] = y[i] > 0 ? slope : 0;
    }
}

static void forward(const struct fw_layer *l, const struct fw_pass *p)
{
    cut(p->x, p->y, p->n * fw_shape_size(&l->in));
}

static void backward(const struct fw_layer *l, const struct fw_pass *p)
{
    if (p->dx)
        mask(p->y, p->dy, p->dx, p->n * fw_shape_size(&l->in));
}

struct fw_layer fw_relu(struct fw_shape in)
{
    static const struct fw_layer_kind kind = {forward, backward};

    return (struct fw_layer){.kind = &kind, .in = in, .out = in};
}
