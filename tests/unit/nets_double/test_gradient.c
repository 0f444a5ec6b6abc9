/* The gradient of each whole network, compiled for double, tensor by tensor. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/nets/net.h"
#include "sdk/base/mem.h"
#include "sdk/base/random.h"
#include "tests/unit/nets_double/differences.h"

#define SAMPLES 4  /* in the batch */
#define PLACES  40 /* looked at in each tensor */

struct problem {
    struct fw_net net;
    double *parameters; /* owned */
    double *gradient;   /* owned */
    double *inputs;     /* owned */
    double labels[SAMPLES];
};

static double loss_of(void *user)
{
    struct problem *p = user;
    double loss;
    double accuracy;

    assert_int_equal(fw_net_evaluate(&p->net, p->parameters, p->inputs,
                                     p->labels, SAMPLES, &loss, &accuracy),
                     FW_OK);
    return loss;
}

static size_t elements(const struct fw_tensor *t)
{
    size_t n = 1;

    for (uint32_t i = 0; i < t->rank; i++)
        n *= t->shape[i];
    return n;
}

static void open_problem(struct problem *p, const char *name,
                         struct fw_net_input input)
{
    size_t n = (size_t)input.channels * input.height * input.width * SAMPLES;
    struct fw_random r;

    assert_int_equal(fw_net_init(&p->net, name, &input, NULL), FW_OK);
    p->parameters = fw_mem_array(p->net.n_elements, sizeof(double));
    p->gradient = fw_mem_array(p->net.n_elements, sizeof(double));
    p->inputs = fw_mem_array(n, sizeof(double));
    assert_true(p->parameters && p->gradient && p->inputs);
    fw_net_draw(&p->net, 11, p->parameters);
    fw_random_init(&r, 12);
    for (size_t i = 0; i < n; i++)
        p->inputs[i] = fw_random_uniform(&r);
    for (size_t i = 0; i < SAMPLES; i++)
        p->labels[i] = input.classes > 1 ? (double)(i % input.classes)
                                         : fw_random_normal(&r);
}

static void close_problem(struct problem *p)
{
    free(p->parameters);
    free(p->gradient);
    free(p->inputs);
    fw_net_close(&p->net);
}

static void check_gradient(const char *name, struct fw_net_input input)
{
    struct problem p = {0};
    size_t at = 0;
    double loss;

    open_problem(&p, name, input);
    assert_int_equal(fw_net_gradient(&p.net, p.parameters, p.inputs, p.labels,
                                     SAMPLES, p.gradient, &loss),
                     FW_OK);
    assert_true(fabs(loss - loss_of(&p)) < 1e-12);
    for (uint32_t t = 0; t < p.net.n_tensors; t++) {
        size_t n = elements(&p.net.tensors[t]);
        struct function f = {loss_of, &p, p.parameters + at, n};

        assert_is_derivative(&f, p.gradient + at, PLACES);
        at += n;
    }
    assert_int_equal(at, p.net.n_elements);
    close_problem(&p);
}

static void linear_gradient_is_the_derivative(void **state)
{
    (void)state;
    check_gradient("linear", (struct fw_net_input){1, 1, 9, 0, 1});
    check_gradient("linear", (struct fw_net_input){1, 4, 4, 5, 1});
}

static void logistic_gradient_is_the_derivative(void **state)
{
    (void)state;
    check_gradient("logistic", (struct fw_net_input){2, 5, 4, 6, 1});
}

static void mlp_gradient_is_the_derivative(void **state)
{
    (void)state;
    check_gradient("mlp", (struct fw_net_input){1, 28, 28, 10, 1});
}

static void cnn_gradient_is_the_derivative(void **state)
{
    (void)state;
    check_gradient("cnn", (struct fw_net_input){1, 28, 28, 10, 1});
    check_gradient("cnn", (struct fw_net_input){3, 32, 32, 10, 1});
    check_gradient("cnn", (struct fw_net_input){1, 17, 19, 4, 1});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_gradient_is_the_derivative),
        cmocka_unit_test(logistic_gradient_is_the_derivative),
        cmocka_unit_test(mlp_gradient_is_the_derivative),
        cmocka_unit_test(cnn_gradient_is_the_derivative),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
