/* Runs the example of flywheel.h's first comment, as it is shown, against a
 * server: sdk_example ADDRESS ROUNDS.
 *
 * The example names no address; the one line it has for options is where the
 * test puts its own. */
#include <flywheel/flywheel.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define N_EXAMPLES 64
#define N_FEATURES 3

static const char *address; /* of the test's server */

/* y = 1 x0 - 2 x1 + 0.5 x2 + 3, exactly. */
static double feature(int example, int axis)
{
    return sin(1.0 + 7.0 * example + 3.0 * axis);
}

static double target(int example)
{
    return feature(example, 0) - 2.0 * feature(example, 1) +
           0.5 * feature(example, 2) + 3.0;
}

/* Mean of half the squared error, and its gradient. */
static double compute(const float *parameters, float *gradient)
{
    double sum[N_FEATURES + 1] = {0};
    double loss = 0.0;

    for (int i = 0; i < N_EXAMPLES; i++) {
        double error = parameters[N_FEATURES] - target(i);

        for (int k = 0; k < N_FEATURES; k++)
            error += parameters[k] * feature(i, k);
        for (int k = 0; k < N_FEATURES; k++)
            sum[k] += error * feature(i, k);
        sum[N_FEATURES] += error;
        loss += 0.5 * error * error;
    }
    for (int k = 0; k <= N_FEATURES; k++)
        gradient[k] = (float)(sum[k] / N_EXAMPLES);
    return loss / N_EXAMPLES;
}

static int complain(const char *reason, const char *text)
{
    fprintf(stderr, "%s: %s\n", reason, text);
    return 1;
}

static void init_for_test(struct fw_worker_options *o, size_t size)
{
    fw_worker_options_init(o, size);
    o->address = address;
}

int train(float *parameters, float *gradient, uint64_t rounds);

#define fw_worker_options_init init_for_test
#include "header_example.inc"
#undef fw_worker_options_init

int main(int argc, char **argv)
{
    float parameters[N_FEATURES + 1] = {0};
    float gradient[N_FEATURES + 1];
    int code;

    if (argc != 3)
        return 2;
    address = argv[1];
    code = train(parameters, gradient, strtoull(argv[2], NULL, 10));
    printf("loss=%.9f w=%.4f,%.4f,%.4f b=%.4f\n", compute(parameters, gradient),
           parameters[0], parameters[1], parameters[2], parameters[3]);
    return code;
}
