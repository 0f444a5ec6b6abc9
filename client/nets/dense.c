#include "client/nets/layer.h"
#include "client/nets/product.h"

static void forward(const struct fw_layer *l, const struct fw_pass *p)
{
    struct fw_product xw = {p->n, l->biases,     l->fan_in,
                            p->x, p->parameters, p->y};

    fw_product_nt(&xw);
    fw_rows_add(p->y, p->parameters + l->weights, p->n, l->biases);
}

static void backward(const struct fw_layer *l, const struct fw_pass *p)
{
    struct fw_product dw = {l->biases, l->fan_in, p->n,
                            p->dy,     p->x,      p->gradient};
    struct fw_product dx = {p->n,  l->fan_in,     l->biases,
                            p->dy, p->parameters, p->dx};

    fw_product_tn(&dw);
    fw_rows_sum(p->dy, p->n, l->biases, p->gradient + l->weights);
    if (p->dx)
        fw_product_nn(&dx);
}

struct fw_layer fw_dense(struct fw_shape in, size_t units)
{
    static const struct fw_layer_kind kind = {forward, backward};
    size_t features = fw_shape_size(&in);

    return (struct fw_layer){
        .kind = &kind,
        .in = in,
        .out = {1, 1, units},
        .fan_in = features,
        .weights = units * features,
        .biases = units,
    };
}
