/* How many samples a second the reference worker's networks take on one
 * thread, forward and backward:
 *
 *     bench_nets [MODEL [BATCH [SECONDS]]]     cnn 32 1
 *
 * Prints one line of JSON; the figure is the median of REPEATS. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/nets/net.h"
#include "sdk/base/clock.h"
#include "sdk/base/mem.h"
#include "sdk/base/random.h"

#define REPEATS 5
#define WARM_UP 20 /* batches */

struct bench {
    struct fw_net net;
    size_t batch;
    double seconds;
    float *parameters; /* owned */
    float *gradient;   /* owned */
    float *inputs;     /* owned */
    float *labels;     /* owned */
    double loss;       /* of the last batch */
};

static fw_status fill(struct bench *b, const struct fw_net_input *in)
{
    size_t n = b->batch * in->channels * in->height * in->width;
    struct fw_random r;

    b->parameters = fw_mem_aligned(b->net.n_elements, sizeof(float));
    b->gradient = fw_mem_aligned(b->net.n_elements, sizeof(float));
    b->inputs = fw_mem_aligned(n, sizeof(float));
    b->labels = fw_mem_aligned(b->batch, sizeof(float));
    if (!b->parameters || !b->gradient || !b->inputs || !b->labels)
        return FW_NOMEM;
    fw_net_draw(&b->net, 1, b->parameters);
    fw_random_init(&r, 2);
    for (size_t i = 0; i < n; i++)
        b->inputs[i] = (float)fw_random_uniform(&r);
    for (size_t i = 0; i < b->batch; i++)
        b->labels[i] = (float)fw_random_below(&r, in->classes);
    return FW_OK;
}

static fw_status run_batch(struct bench *b)
{
    return fw_net_gradient(&b->net, b->parameters, b->inputs, b->labels,
                           b->batch, b->gradient, &b->loss);
}

/* Samples a second over about b->seconds. */
static fw_status measure(struct bench *b, double *rate)
{
    int64_t start = fw_clock_mono_us();
    int64_t now = start;
    int64_t end = start + (int64_t)(b->seconds * 1e6);
    size_t batches = 0;
    fw_status s = FW_OK;

    for (; now < end && s == FW_OK; batches++) {
        s = run_batch(b);
        now = fw_clock_mono_us();
    }
    *rate = (double)(batches * b->batch) * 1e6 / (double)(now - start);
    return s;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;

    return (*x > *y) - (*x < *y);
}

static fw_status run(struct bench *b, const char *model, struct fw_err *err)
{
    static const struct fw_net_input input = {1, 28, 28, 10, 1};
    double rates[REPEATS];
    fw_status s = fw_net_init(&b->net, model, &input, err);

    if (s == FW_OK)
        s = fill(b, &input);
    for (int i = 0; i < WARM_UP && s == FW_OK; i++)
        s = run_batch(b);
    for (int i = 0; i < REPEATS && s == FW_OK; i++)
        s = measure(b, &rates[i]);
    if (s != FW_OK)
        return s;
    qsort(rates, REPEATS, sizeof(*rates), by_size);
    printf("{\"bench\": \"nets\", \"model\": \"%s\", \"batch\": %zu, "
           "\"samples_per_second\": %.0f, \"lowest\": %.0f, "
           "\"highest\": %.0f}\n",
           model, b->batch, rates[REPEATS / 2], rates[0], rates[REPEATS - 1]);
    return FW_OK;
}

int main(int argc, char **argv)
{
    struct bench b = {.batch = 32, .seconds = 1.0};
    struct fw_err err = {0};
    fw_status s;

    if (argc > 2)
        b.batch = strtoul(argv[2], NULL, 10);
    if (argc > 3)
        b.seconds = strtod(argv[3], NULL);
    s = run(&b, argc > 1 ? argv[1] : "cnn", &err);
    if (s != FW_OK)
        fprintf(stderr, "bench_nets: %s\n", err.text);
    free(b.parameters);
    free(b.gradient);
    free(b.inputs);
    free(b.labels);
    fw_net_close(&b.net);
    return s == FW_OK ? 0 : 1;
}
