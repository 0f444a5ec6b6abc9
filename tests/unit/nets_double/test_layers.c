/* Each layer alone, compiled for double: what it computes, and its slopes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/nets/layer.h"
#include "client/nets/loss.h"
#include "sdk/base/mem.h"
#include "sdk/base/random.h"
#include "tests/unit/nets_double/differences.h"

#define SAMPLES 3 /* in a batch */

/* A layer with everything it works on; value = sum of weights * y. */
struct bench {
    struct fw_layer layer;
    struct fw_pass pass;
    size_t n_parameters;
    size_t n_x;
    size_t n_y;
    double *parameters; /* owned */
    double *x;          /* owned */
    double *y;          /* owned */
    double *scratch;    /* owned */
    double *dy;         /* owned; the weights of the sum */
    double *dx;         /* owned */
    double *gradient;   /* owned */
};

static double *some_normals(size_t n, uint64_t seed)
{
    double *x = fw_mem_array(n, sizeof(*x));
    struct fw_random r;

    assert_non_null(x);
    fw_random_init(&r, seed);
    for (size_t i = 0; i < n; i++)
        x[i] = fw_random_normal(&r);
    return x;
}

static void open_bench(struct bench *b, struct fw_layer layer)
{
    b->layer = layer;
    b->n_parameters = layer.weights + layer.biases;
    b->n_x = SAMPLES * fw_shape_size(&layer.in);
    b->n_y = SAMPLES * fw_shape_size(&layer.out);
    b->parameters = some_normals(b->n_parameters, 1);
    b->x = some_normals(b->n_x, 2);
    b->y = some_normals(b->n_y, 3);
    b->scratch = some_normals(SAMPLES * layer.scratch + layer.shared, 4);
    b->dy = some_normals(b->n_y, 5);
    b->dx = some_normals(b->n_x, 6); /* must be overwritten */
    b->gradient = some_normals(b->n_parameters, 7);
    b->pass = (struct fw_pass){
        .n = SAMPLES,
        .parameters = b->parameters,
        .x = b->x,
        .y = b->y,
        .scratch = b->scratch,
        .dy = b->dy,
        .dx = b->dx,
        .gradient = b->gradient,
    };
}

static void close_bench(struct bench *b)
{
    free(b->parameters);
    free(b->x);
    free(b->y);
    free(b->scratch);
    free(b->dy);
    free(b->dx);
    free(b->gradient);
}

static double weighted_output(void *user)
{
    struct bench *b = user;
    double sum = 0.0;

    b->layer.kind->forward(&b->layer, &b->pass);
    for (size_t i = 0; i < b->n_y; i++)
        sum += b->dy[i] * b->y[i];
    return sum;
}

static void check_slopes(struct fw_layer layer)
{
    struct bench b = {0};
    struct function of_x;
    struct function of_parameters;

    open_bench(&b, layer);
    of_x = (struct function){weighted_output, &b, b.x, b.n_x};
    of_parameters =
        (struct function){weighted_output, &b, b.parameters, b.n_parameters};
    b.layer.kind->forward(&b.layer, &b.pass);
    b.layer.kind->backward(&b.layer, &b.pass);
    assert_is_derivative(&of_x, b.dx, b.n_x);
    if (b.n_parameters)
        assert_is_derivative(&of_parameters, b.gradient, b.n_parameters);
    close_bench(&b);
}

static void dense_slopes_are_derivatives(void **state)
{
    (void)state;
    check_slopes(fw_dense((struct fw_shape){2, 3, 4}, 5));
}

static void conv_slopes_are_derivatives(void **state)
{
    (void)state;
    check_slopes(fw_conv((struct fw_shape){7, 6, 3}, 5, 4));
    check_slopes(fw_conv((struct fw_shape){5, 8, 1}, 2, 3));
    check_slopes(fw_conv((struct fw_shape){3, 3, 2}, 3, 1));   /* one point */
    check_slopes(fw_conv((struct fw_shape){6, 7, 16}, 5, 16)); /* direct */
}

static void pool_slopes_are_derivatives(void **state)
{
    (void)state;
    check_slopes(fw_pool((struct fw_shape){6, 4, 3}));
    check_slopes(fw_pool((struct fw_shape){5, 7, 2})); /* odd sides */
}

static void relu_slopes_are_derivatives(void **state)
{
    (void)state;
    check_slopes(fw_relu((struct fw_shape){3, 5, 2}));
}

/* The definition, with all seven loops. */
static double convolved(const struct bench *b, size_t s, const size_t at[3])
{
    const struct fw_layer *l = &b->layer;
    const double *w = b->parameters + at[2] * l->fan_in;
    double sum = b->parameters[l->weights + at[2]];

    for (size_t v = 0; v < l->window; v++) {
        for (size_t u = 0; u < l->window; u++) {
            for (size_t c = 0; c < l->in.channels; c++) {
                size_t row = s * l->in.height + at[0] + v;
                size_t point = row * l->in.width + at[1] + u;

                sum += *w++ * b->x[point * l->in.channels + c];
            }
        }
    }
    return sum;
}

static void conv_is_the_definition(void **state)
{
    struct bench b = {0};
    const double *y;

    (void)state;
    open_bench(&b, fw_conv((struct fw_shape){6, 8, 2}, 3, 4));
    b.layer.kind->forward(&b.layer, &b.pass);
    y = b.y;
    for (size_t s = 0; s < SAMPLES; s++) {
        for (size_t i = 0; i < 4; i++) {
            for (size_t j = 0; j < 6; j++) {
                for (size_t c = 0; c < 4; c++, y++) {
                    size_t at[] = {i, j, c};

                    assert_true(fabs(*y - convolved(&b, s, at)) < 1e-12);
                }
            }
        }
    }
    close_bench(&b);
}

static void pool_takes_the_largest_and_leaves_out_odd_edges(void **state)
{
    struct bench b = {0};
    double x[] = {1, 5, 9, 2, 3, 9, 9, 9, 9, -4, -1, 9, -2, -3, 9, 9, 9, 9};

    (void)state;
    open_bench(&b, fw_pool((struct fw_shape){3, 3, 1}));
    memcpy(b.x, x, sizeof(x));
    b.layer.kind->forward(&b.layer, &b.pass);
    assert_true(b.y[0] == 5.0);
    assert_true(b.y[1] == -1.0);
    close_bench(&b);
}

static double loss_value(void *user)
{
    struct fw_scores s = *(struct fw_scores *)user;

    s.dy = NULL;
    return fw_loss_softmax(&s) / (double)s.n;
}

static double squares_value(void *user)
{
    struct fw_scores s = *(struct fw_scores *)user;

    s.dy = NULL;
    return fw_loss_squares(&s) / (double)s.n;
}

static void loss_slopes_are_derivatives(void **state)
{
    static const double labels[] = {2, 0, 1, 3, 2};
    double *y = some_normals(20, 8);
    double dy[20];
    struct fw_scores s = {5, 4, y, labels, dy};
    struct function softmax = {loss_value, &s, y, 20};
    struct function squares = {squares_value, &s, y, 20};

    (void)state;
    (void)fw_loss_softmax(&s);
    assert_is_derivative(&softmax, dy, 20);
    (void)fw_loss_squares(&s);
    assert_is_derivative(&squares, dy, 20);
    s.width = 1; /* the same labels as targets */
    squares.n = 5;
    (void)fw_loss_squares(&s);
    assert_is_derivative(&squares, dy, 5);
    free(y);
}

static void softmax_survives_huge_scores(void **state)
{
    static const double y[] = {1e4, -1e4, 0};
    static const double labels[] = {1};
    double dy[3];
    struct fw_scores s = {1, 3, y, labels, dy};

    (void)state;
    assert_true(fabs(fw_loss_softmax(&s) - 2e4) < 1e-6);
    assert_true(dy[0] == 1.0 && dy[1] == -1.0 && dy[2] == 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_slopes_are_derivatives),
        cmocka_unit_test(conv_slopes_are_derivatives),
        cmocka_unit_test(pool_slopes_are_derivatives),
        cmocka_unit_test(relu_slopes_are_derivatives),
        cmocka_unit_test(conv_is_the_definition),
        cmocka_unit_test(pool_takes_the_largest_and_leaves_out_odd_edges),
        cmocka_unit_test(loss_slopes_are_derivatives),
        cmocka_unit_test(softmax_survives_huge_scores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
