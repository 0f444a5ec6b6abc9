#include "client/nets/net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/nets/product.h"
#include "sdk/base/random.h"

/* Sides and channels that keep every product's size below 2^31. */
#define SIDE_MAX     256
#define CHANNELS_MAX 64
#define CLASSES_MAX  65536

#define MLP_HIDDEN 64

/* LeNet-like. */
#define CNN_WINDOW   5
#define CNN_CHANNELS 16 /* of the first convolution; the second has twice */
#define CNN_HIDDEN   128
#define CNN_SIDE_MIN 16 /* leaves one point after conv, pool, conv, pool */

/* The shape the next layer will see. */
static struct fw_shape end_of(const struct fw_net *net)
{
    if (net->n_layers)
        return net->layers[net->n_layers - 1].out;
    return (struct fw_shape){net->input.height, net->input.width,
                             net->input.channels};
}

static void add_layer(struct fw_net *net, struct fw_layer l)
{
    net->layers[net->n_layers++] = l;
    net->n_elements += l.weights + l.biases;
}

static void add_dense(struct fw_net *net, const char *weight, const char *bias,
                      size_t units)
{
    struct fw_layer l = fw_dense(end_of(net), units);

    add_layer(net, l);
    net->tensors[net->n_tensors++] =
        (struct fw_tensor){weight, 2, {units, l.fan_in}};
    net->tensors[net->n_tensors++] = (struct fw_tensor){bias, 1, {units}};
}

/* max and ReLU commute, so the ReLU comes after the pool: a quarter the work
 * for the same numbers and the same gradient. */
static void add_conv_pool_relu(struct fw_net *net, const char *weight,
                               const char *bias, size_t channels)
{
    struct fw_shape in = end_of(net);

    add_layer(net, fw_conv(in, CNN_WINDOW, channels));
    add_layer(net, fw_pool(end_of(net)));
    add_layer(net, fw_relu(end_of(net)));
    net->tensors[net->n_tensors++] = (struct fw_tensor){
        weight, 4, {channels, CNN_WINDOW, CNN_WINDOW, in.channels}};
    net->tensors[net->n_tensors++] = (struct fw_tensor){bias, 1, {channels}};
}

static void make_one_layer(struct fw_net *net, size_t outputs)
{
    add_dense(net, "fc1.weight", "fc1.bias", outputs);
}

static void make_mlp(struct fw_net *net, size_t outputs)
{
    add_dense(net, "fc1.weight", "fc1.bias", MLP_HIDDEN);
    add_layer(net, fw_relu(end_of(net)));
    add_dense(net, "fc2.weight", "fc2.bias", outputs);
}

static void make_cnn(struct fw_net *net, size_t outputs)
{
    add_conv_pool_relu(net, "conv1.weight", "conv1.bias", CNN_CHANNELS);
    add_conv_pool_relu(net, "conv2.weight", "conv2.bias", 2 * CNN_CHANNELS);
    add_dense(net, "fc1.weight", "fc1.bias", CNN_HIDDEN);
    add_layer(net, fw_relu(end_of(net)));
    add_dense(net, "fc2.weight", "fc2.bias", outputs);
}

static const struct plan {
    const char *name;
    void (*make)(struct fw_net *net, size_t outputs);
    fw_loss_fn *loss;
    uint32_t classes_min;
    uint32_t side_min;
} PLANS[] = {
    {"linear", make_one_layer, fw_loss_squares, 0, 1},
    {"logistic", make_one_layer, fw_loss_softmax, 2, 1},
    {"mlp", make_mlp, fw_loss_softmax, 2, 1},
    {"cnn", make_cnn, fw_loss_softmax, 2, CNN_SIDE_MIN},
};

static const struct plan *find(const char *name)
{
    for (size_t i = 0; i < sizeof(PLANS) / sizeof(*PLANS); i++) {
        if (strcmp(PLANS[i].name, name) == 0)
            return &PLANS[i];
    }
    return NULL;
}

static fw_status check_input(const struct plan *plan,
                             const struct fw_net_input *in, struct fw_err *err)
{
    if (in->channels < 1 || in->channels > CHANNELS_MAX)
        return fw_err_set(err, FW_INVALID, "%s: %u channels, want 1 to %d",
                          plan->name, in->channels, CHANNELS_MAX);
    if (in->height < plan->side_min || in->height > SIDE_MAX ||
        in->width < plan->side_min || in->width > SIDE_MAX)
        return fw_err_set(err, FW_INVALID,
                          "%s: %u x %u, want sides of %u to %d", plan->name,
                          in->height, in->width, plan->side_min, SIDE_MAX);
    if (in->classes < plan->classes_min || in->classes > CLASSES_MAX)
        return fw_err_set(err, FW_INVALID, "%s: %u classes, want %u to %d",
                          plan->name, in->classes, plan->classes_min,
                          CLASSES_MAX);
    return FW_OK;
}

fw_status fw_net_init(struct fw_net *net, const char *name,
                      const struct fw_net_input *input, struct fw_err *err)
{
    const struct plan *plan = find(name);
    fw_status s;

    *net = (struct fw_net){0};
    if (!plan)
        return fw_err_set(err, FW_INVALID, "no model '%s'; there are %s", name,
                          FW_NET_NAMES);
    s = check_input(plan, input, err);
    if (s != FW_OK)
        return s;
    net->name = plan->name;
    net->input = *input;
    net->loss = plan->loss;
    plan->make(net, input->classes ? input->classes : 1);
    fw_product_threads((int)input->threads);
    return FW_OK;
}

void fw_net_close(struct fw_net *net)
{
    free(net->memory);
    *net = (struct fw_net){0};
}

void fw_net_draw(const struct fw_net *net, uint64_t seed, fw_real *parameters)
{
    struct fw_random r;

    fw_random_init(&r, seed);
    for (unsigned l = 0; l < net->n_layers; l++) {
        const struct fw_layer *layer = &net->layers[l];
        double scale = layer->fan_in ? sqrt(2.0 / (double)layer->fan_in) : 0.0;

        for (size_t i = 0; i < layer->weights; i++)
            *parameters++ = (fw_real)(scale * fw_random_normal(&r));
        for (size_t i = 0; i < layer->biases; i++)
            *parameters++ = 0;
    }
}
