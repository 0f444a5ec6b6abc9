/* net.h - a network by name: its parameters, its gradient, its score.
 *
 *     struct fw_net_input input = {1, 28, 28, 10, 1};
 *     struct fw_net net = {0};
 *
 *     s = fw_net_init(&net, "cnn", &input, &err);
 *     parameters = fw_mem_aligned(net.n_elements, sizeof(float));
 *     fw_net_draw(&net, seed, parameters);
 *     s = fw_net_gradient(&net, parameters, inputs, labels, 32, gradient,
 * &loss); fw_net_close(&net);
 *
 * Parameters and gradients are one flat array: net.tensors one after the other,
 * each row-major, as flywheel.h wants them.  Inputs are one sample after the
 * other, each stored height, width, channel (channel fastest) as client/data
 * gives them.  Labels are whole class numbers, or the target of a regression.
 * Numbers are float; see real.h for the one exception.
 *
 * The same seed, parameters and batch give the same bits on one machine while
 * BLAS uses one thread.
 *
 * Layer: client/nets.  Thread: one at a time for a net; nets are independent.
 * Zero-initialise; close is safe twice and on zero. */
#ifndef FW_NETS_NET_H
#define FW_NETS_NET_H

#include <stddef.h>
#include <stdint.h>

#include "client/nets/layer.h"
#include "client/nets/loss.h"
#include "client/nets/real.h"
#include "sdk/base/status.h"

#define FW_NET_NAMES "linear, logistic, mlp, cnn"

/* The cnn needs most: twice conv, pool, ReLU, then dense, ReLU, dense; four
 * layers have a weight and a bias. */
#define FW_NET_LAYERS_MAX  9
#define FW_NET_TENSORS_MAX 8
#define FW_NET_BATCH_MAX   16384

/* What goes in and how many classes come out. */
struct fw_net_input {
    uint32_t channels; /* 1 to 64 */
    uint32_t height;   /* 1 to 256; the cnn needs 16 */
    uint32_t width;    /* 1 to 256; the cnn needs 16 */
    uint32_t classes;  /* 2 to 65,536; 0 or 1, a regression, for linear only */
    uint32_t threads;  /* of BLAS, for the whole process; 0 means 1 */
};

struct fw_net {
    const char *name; /* static */
    struct fw_net_input input;
    struct fw_layer layers[FW_NET_LAYERS_MAX];
    unsigned n_layers;
    struct fw_tensor tensors[FW_NET_TENSORS_MAX]; /* names are static */
    uint32_t n_tensors;
    uint64_t n_elements; /* of all tensors */
    fw_loss_fn *loss;

    /* workspace: grows to the largest batch seen, then stays */
    fw_real *memory; /* owned; NULL until the first batch */
    size_t batch;    /* samples it has room for */
};

/* Build the network `name` (FW_NET_NAMES).  FW_INVALID: no such name, or an
 * input it cannot take; *net is then closed. */
FW_MUST_USE fw_status fw_net_init(struct fw_net *net, const char *name,
                                  const struct fw_net_input *input,
                                  struct fw_err *err);
void fw_net_close(struct fw_net *net);

/* First parameters: weights normal with variance 2 / inputs (He 2015), biases
 * zero. */
void fw_net_draw(const struct fw_net *net, uint64_t seed, fw_real *parameters);

/* Mean loss of `n` samples (1 to FW_NET_BATCH_MAX) and its gradient.
 * FW_INVALID: a label that is no class, or `n`; FW_NOMEM.  On failure gradient
 * and loss are as before. */
FW_MUST_USE fw_status fw_net_gradient(struct fw_net *net,
                                      const fw_real *parameters,
                                      const fw_real *inputs,
                                      const fw_real *labels, size_t n,
                                      fw_real *gradient, double *loss);

/* Mean loss and share of right answers (NAN for a regression) of any number of
 * samples but 0.  Fails as fw_net_gradient. */
FW_MUST_USE fw_status fw_net_evaluate(struct fw_net *net,
                                      const fw_real *parameters,
                                      const fw_real *inputs,
                                      const fw_real *labels, size_t n,
                                      double *loss, double *accuracy);

#endif
