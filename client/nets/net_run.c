/* net_run.c - batches through a network: workspace, forward, backward. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/nets/net.h"
#include "sdk/base/mem.h"

/* Samples an evaluation looks at together: more does not go faster. */
#define EVALUATE_TOGETHER 64

/* Each array starts on a cache line of its own. */
#define LINE 16

static size_t rounded(size_t n)
{
    return (n + LINE - 1) / LINE * LINE;
}

/* Numbers that layer `l` needs for n samples: y, dy and scratch. */
static size_t room(const struct fw_layer *l, size_t n)
{
    return 2 * rounded(n * fw_shape_size(&l->out)) +
           rounded(n * l->scratch + l->shared);
}

static fw_status reserve(struct fw_net *net, size_t n)
{
    size_t total = 0;
    fw_real *memory;

    if (n <= net->batch)
        return FW_OK;
    for (unsigned l = 0; l < net->n_layers; l++)
        total += room(&net->layers[l], n);
    memory = fw_mem_aligned(total, sizeof(*memory));
    if (!memory)
        return FW_NOMEM;
    free(net->memory);
    net->memory = memory;
    net->batch = n;
    return FW_OK;
}

/* Labels become indices, so none may lie outside. */
static fw_status check_labels(const struct fw_net *net, const fw_real *labels,
                              size_t n)
{
    fw_real classes = (fw_real)net->input.classes;

    if (net->input.classes < 2)
        return FW_OK;
    for (size_t i = 0; i < n; i++) {
        if (!(labels[i] >= 0 && labels[i] < classes)) /* also not a number */
            return FW_INVALID;
    }
    return FW_OK;
}

/* The parts of the workspace and of the flat vector each layer works on. */
static void lay_out(const struct fw_net *net, size_t n,
                    const fw_real *parameters, struct fw_pass *passes)
{
    fw_real *free_room = net->memory;

    for (unsigned l = 0; l < net->n_layers; l++) {
        const struct fw_layer *layer = &net->layers[l];
        size_t y_size = rounded(n * fw_shape_size(&layer->out));

        passes[l] = (struct fw_pass){
            .n = n,
            .parameters = parameters,
            .y = free_room,
            .dy = free_room + y_size,
            .scratch = free_room + 2 * y_size,
        };
        free_room += room(layer, n);
        parameters += layer->weights + layer->biases;
    }
}

/* Forward; returns the scores with dy's place filled in. */
static struct fw_scores forward(const struct fw_net *net, const fw_real *inputs,
                                const fw_real *labels, struct fw_pass *passes)
{
    const struct fw_pass *last = &passes[net->n_layers - 1];

    for (unsigned l = 0; l < net->n_layers; l++) {
        passes[l].x = l ? passes[l - 1].y : inputs;
        net->layers[l].kind->forward(&net->layers[l], &passes[l]);
    }
    return (struct fw_scores){
        .n = last->n,
        .width = net->layers[net->n_layers - 1].out.channels,
        .y = last->y,
        .labels = labels,
    };
}

static void backward(const struct fw_net *net, struct fw_pass *passes,
                     fw_real *gradient)
{
    gradient += net->n_elements;
    for (unsigned l = net->n_layers; l-- > 0;) {
        const struct fw_layer *layer = &net->layers[l];

        gradient -= layer->weights + layer->biases;
        passes[l].gradient = gradient;
        passes[l].dx = l ? (fw_real *)passes[l - 1].dy : NULL;
        layer->kind->backward(layer, &passes[l]);
    }
}

fw_status fw_net_gradient(struct fw_net *net, const fw_real *parameters,
                          const fw_real *inputs, const fw_real *labels,
                          size_t n, fw_real *gradient, double *loss)
{
    struct fw_pass passes[FW_NET_LAYERS_MAX];
    struct fw_scores scores;
    fw_status s;

    if (n < 1 || n > FW_NET_BATCH_MAX)
        return FW_INVALID;
    s = check_labels(net, labels, n);
    if (s == FW_OK)
        s = reserve(net, n);
    if (s != FW_OK)
        return s;
    lay_out(net, n, parameters, passes);
    scores = forward(net, inputs, labels, passes);
    scores.dy = (fw_real *)passes[net->n_layers - 1].dy;
    *loss = net->loss(&scores) / (double)n;
    backward(net, passes, gradient);
    return FW_OK;
}

fw_status fw_net_evaluate(struct fw_net *net, const fw_real *parameters,
                          const fw_real *inputs, const fw_real *labels,
                          size_t n, double *loss, double *accuracy)
{
    size_t sample =
        (size_t)net->input.channels * net->input.height * net->input.width;
    size_t together = n < EVALUATE_TOGETHER ? n : EVALUATE_TOGETHER;
    double sum = 0.0;
    size_t correct = 0;
    fw_status s = n ? check_labels(net, labels, n) : FW_INVALID;

    if (s == FW_OK)
        s = reserve(net, together);
    if (s != FW_OK)
        return s;
    for (size_t done = 0; done < n;) {
        size_t slice = n - done < together ? n - done : together;
        struct fw_pass passes[FW_NET_LAYERS_MAX];
        struct fw_scores scores;

        lay_out(net, slice, parameters, passes);
        scores = forward(net, inputs + done * sample, labels + done, passes);
        sum += net->loss(&scores);
        correct += scores.width > 1 ? fw_loss_correct(&scores) : 0;
        done += slice;
    }
    *loss = sum / (double)n;
    *accuracy = net->input.classes > 1 ? (double)correct / (double)n : NAN;
    return FW_OK;
}
