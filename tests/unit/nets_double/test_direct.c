/* Direct convolutions, as compiled for each processor, are the definition. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/nets/direct.h"
#include "sdk/base/mem.h"
#include "sdk/base/random.h"

#define NEAR 1e-11 /* sums of up to 800 products of normals, in any order */

/* One sample: given, expected and got. */
struct sample {
    struct fw_layer layer;
    size_t n_x;
    size_t n_y;
    double *x;          /* owned */
    double *dy;         /* owned */
    double *weight;     /* owned; as parameters: [channels, fan_in] */
    double *bias;       /* owned */
    double *packed;     /* owned; [fan_in, channels] */
    double *y;          /* owned; expected */
    double *dx;         /* owned; expected */
    double *slopes;     /* owned; expected, packed, of two samples alike */
    double *got_y;      /* owned */
    double *got_dx;     /* owned */
    double *got_slopes; /* owned */
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

static double *zeros(size_t n)
{
    double *x = fw_mem_array(n, sizeof(*x));

    assert_non_null(x);
    return x;
}

/* Every product of the definition, given to all three sums it belongs to. */
static void define_point(struct sample *s, size_t i, size_t j, size_t k)
{
    const struct fw_layer *l = &s->layer;
    size_t at = (i * l->out.width + j) * l->out.channels + k;
    size_t q = 0;

    s->y[at] = s->bias[k];
    for (size_t v = 0; v < l->window; v++) {
        for (size_t u = 0; u < l->window; u++) {
            for (size_t c = 0; c < l->in.channels; c++, q++) {
                size_t from =
                    ((i + v) * l->in.width + j + u) * l->in.channels + c;
                double w = s->weight[k * l->fan_in + q];

                s->packed[q * l->out.channels + k] = w;
                s->y[at] += w * s->x[from];
                s->dx[from] += w * s->dy[at];
                s->slopes[q * l->out.channels + k] +=
                    2 * s->x[from] * s->dy[at];
            }
        }
    }
}

static void open_sample(struct sample *s, struct fw_layer layer)
{
    s->layer = layer;
    s->n_x = fw_shape_size(&layer.in);
    s->n_y = fw_shape_size(&layer.out);
    s->x = some_normals(s->n_x, 1);
    s->dy = some_normals(s->n_y, 2);
    s->weight = some_normals(layer.weights, 3);
    s->bias = some_normals(layer.biases, 4);
    s->packed = zeros(layer.weights);
    s->y = zeros(s->n_y);
    s->dx = zeros(s->n_x);
    s->slopes = zeros(layer.weights);
    s->got_y = some_normals(s->n_y, 5); /* must be overwritten */
    s->got_dx = some_normals(s->n_x, 6);
    s->got_slopes = zeros(layer.weights);
    for (size_t i = 0; i < layer.out.height; i++) {
        for (size_t j = 0; j < layer.out.width; j++) {
            for (size_t k = 0; k < layer.out.channels; k++)
                define_point(s, i, j, k);
        }
    }
}

static void close_sample(struct sample *s)
{
    double *all[] = {s->x,  s->dy,     s->weight, s->bias,   s->packed,    s->y,
                     s->dx, s->slopes, s->got_y,  s->got_dx, s->got_slopes};

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        free(all[i]);
}

static void assert_near(const double *got, const double *want, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!(fabs(got[i] - want[i]) < NEAR))
            fail_msg("number %zu is %.15g, not %.15g", i, got[i], want[i]);
    }
}

static void check_shape(const struct fw_direct *d, struct fw_shape in,
                        size_t channels)
{
    struct sample s = {0};

    open_sample(&s, fw_conv(in, FW_DIRECT_WINDOW, channels));
    assert_true(fw_direct_fits(&s.layer));
    d->forward(&s.layer, s.x, s.packed, s.bias, s.got_y);
    d->weights(&s.layer, s.x, s.dy, s.got_slopes);
    d->weights(&s.layer, s.x, s.dy, s.got_slopes); /* adds */
    d->inputs(&s.layer, s.weight, s.dy, s.got_dx);
    assert_near(s.got_y, s.y, s.n_y);
    assert_near(s.got_slopes, s.slopes, s.layer.weights);
    assert_near(s.got_dx, s.dx, s.n_x);
    close_sample(&s);
}

static void every_processors_functions_are_the_definition(void **state)
{
    const struct fw_direct *d;
    unsigned i = 0;

    (void)state;
    for (; (d = fw_direct_nth(i)) != NULL; i++) {
        check_shape(d, (struct fw_shape){12, 12, 16}, 32); /* conv2 */
        check_shape(d, (struct fw_shape){28, 28, 1}, 16);  /* conv1 */
        check_shape(d, (struct fw_shape){9, 32, 3}, 16);   /* of CIFAR */
        check_shape(d, (struct fw_shape){5, 5, 1}, 16);    /* one point */
        check_shape(d, (struct fw_shape){6, 19, 32}, 48);  /* odd strips */
    }
    assert_true(i > 0);
}

static void other_shapes_are_left_to_products(void **state)
{
    struct fw_shape in = {9, 9, 4};
    struct fw_layer narrow = fw_conv(in, FW_DIRECT_WINDOW, 8);
    struct fw_layer small = fw_conv(in, 3, FW_DIRECT_CHANNELS);

    (void)state;
    assert_false(fw_direct_fits(&narrow));
    assert_false(fw_direct_fits(&small));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_processors_functions_are_the_definition),
        cmocka_unit_test(other_shapes_are_left_to_products),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
