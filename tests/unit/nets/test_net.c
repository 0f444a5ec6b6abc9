/* What a network promises its users: names, shapes, refusals, determinism. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/nets/net.h"
#include "sdk/base/mem.h"
#include "sdk/base/random.h"

#define SAMPLES 70 /* more than an evaluation looks at together */

static const struct fw_net_input MNIST = {1, 28, 28, 10, 1};

struct fixture {
    struct fw_net net;
    float *parameters; /* owned */
    float *gradient;   /* owned */
    float *inputs;     /* owned; SAMPLES */
    float labels[SAMPLES];
};

static void open_fixture(struct fixture *f, const char *name)
{
    size_t n = (size_t)SAMPLES * MNIST.height * MNIST.width;
    struct fw_random r;

    assert_int_equal(fw_net_init(&f->net, name, &MNIST, NULL), FW_OK);
    f->parameters = fw_mem_array(f->net.n_elements, sizeof(float));
    f->gradient = fw_mem_array(f->net.n_elements, sizeof(float));
    f->inputs = fw_mem_array(n, sizeof(float));
    assert_true(f->parameters && f->gradient && f->inputs);
    fw_net_draw(&f->net, 1, f->parameters);
    fw_random_init(&r, 2);
    for (size_t i = 0; i < n; i++)
        f->inputs[i] = (float)fw_random_uniform(&r);
    for (size_t i = 0; i < SAMPLES; i++)
        f->labels[i] = (float)fw_random_below(&r, MNIST.classes);
}

static void close_fixture(struct fixture *f)
{
    free(f->parameters);
    free(f->gradient);
    free(f->inputs);
    fw_net_close(&f->net);
    fw_net_close(&f->net);
}

static fw_status gradient(struct fixture *f, size_t n, double *loss)
{
    return fw_net_gradient(&f->net, f->parameters, f->inputs, f->labels, n,
                           f->gradient, loss);
}

static void the_cnn_has_the_tensors_of_its_description(void **state)
{
    static const struct fw_tensor want[] = {
        {"conv1.weight", 4, {16, 5, 5, 1}},  {"conv1.bias", 1, {16}},
        {"conv2.weight", 4, {32, 5, 5, 16}}, {"conv2.bias", 1, {32}},
        {"fc1.weight", 2, {128, 512}},       {"fc1.bias", 1, {128}},
        {"fc2.weight", 2, {10, 128}},        {"fc2.bias", 1, {10}},
    };
    struct fw_net net = {0};

    (void)state;
    assert_int_equal(fw_net_init(&net, "cnn", &MNIST, NULL), FW_OK);
    assert_int_equal(net.n_tensors, sizeof(want) / sizeof(*want));
    assert_int_equal(net.n_elements, 80202);
    for (uint32_t t = 0; t < net.n_tensors; t++) {
        assert_string_equal(net.tensors[t].name, want[t].name);
        assert_int_equal(net.tensors[t].rank, want[t].rank);
        assert_memory_equal(net.tensors[t].shape, want[t].shape,
                            sizeof(want[t].shape));
    }
    fw_net_close(&net);
}

static void a_wrong_name_or_input_is_refused_with_its_reason(void **state)
{
    static const struct {
        const char *name;
        struct fw_net_input input;
        const char *says;
    } cases[] = {
        {"resnet", {1, 28, 28, 10, 1}, "resnet"},
        {"cnn", {1, 15, 28, 10, 1}, "15 x 28"},
        {"cnn", {0, 28, 28, 10, 1}, "0 channels"},
        {"mlp", {1, 28, 257, 10, 1}, "257"},
        {"logistic", {1, 28, 28, 1, 1}, "1 classes"},
        {"linear", {1, 28, 28, 65537, 1}, "65537 classes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fw_net net = {0};
        struct fw_err err;

        assert_int_equal(
            fw_net_init(&net, cases[i].name, &cases[i].input, &err),
            FW_INVALID);
        assert_non_null(strstr(err.text, cases[i].says));
        fw_net_close(&net);
    }
}

static void a_label_that_is_no_class_changes_nothing(void **state)
{
    static const float bad[] = {10.0f, -1.0f, NAN, INFINITY};
    struct fixture f = {0};

    (void)state;
    open_fixture(&f, "logistic");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        double loss = 5.0;
        double accuracy = 6.0;

        f.labels[1] = bad[i];
        f.gradient[0] = 7.0f;
        assert_int_equal(gradient(&f, 2, &loss), FW_INVALID);
        assert_int_equal(fw_net_evaluate(&f.net, f.parameters, f.inputs,
                                         f.labels, 2, &loss, &accuracy),
                         FW_INVALID);
        assert_true(loss == 5.0 && accuracy == 6.0 && f.gradient[0] == 7.0f);
    }
    close_fixture(&f);
}

static void a_batch_of_no_or_too_many_samples_is_refused(void **state)
{
    struct fixture f = {0};
    double loss;

    (void)state;
    open_fixture(&f, "linear");
    assert_int_equal(gradient(&f, 0, &loss), FW_INVALID);
    assert_int_equal(gradient(&f, FW_NET_BATCH_MAX + 1, &loss), FW_INVALID);
    close_fixture(&f);
}

static void the_same_seed_gives_the_same_gradient(void **state)
{
    struct fixture a = {0};
    struct fixture b = {0};
    double loss_a;
    double loss_b;

    (void)state;
    open_fixture(&a, "cnn");
    open_fixture(&b, "cnn");
    assert_int_equal(gradient(&a, SAMPLES, &loss_a), FW_OK);
    assert_int_equal(gradient(&b, 3, &loss_b), FW_OK); /* a used workspace */
    assert_int_equal(gradient(&b, SAMPLES, &loss_b), FW_OK);
    assert_true(loss_a == loss_b);
    assert_memory_equal(a.gradient, b.gradient,
                        a.net.n_elements * sizeof(float));
    fw_net_draw(&b.net, 2, b.parameters);
    assert_memory_not_equal(a.parameters, b.parameters,
                            a.net.n_elements * sizeof(float));
    close_fixture(&a);
    close_fixture(&b);
}

static void a_batch_allocates_only_when_it_is_the_largest_yet(void **state)
{
    struct fixture f = {0};
    const float *memory;
    double loss;

    (void)state;
    open_fixture(&f, "mlp");
    assert_int_equal(gradient(&f, 32, &loss), FW_OK);
    memory = f.net.memory;
    assert_int_equal(gradient(&f, 8, &loss), FW_OK);
    assert_int_equal(gradient(&f, 32, &loss), FW_OK);
    assert_ptr_equal(f.net.memory, memory);
    assert_int_equal(f.net.batch, 32);
    close_fixture(&f);
}

/* Slices of 64 and 6 against one batch of 70. */
static void an_evaluation_in_slices_is_that_of_the_whole(void **state)
{
    struct fixture f = {0};
    double loss;
    double whole;
    double accuracy;

    (void)state;
    open_fixture(&f, "cnn");
    assert_int_equal(gradient(&f, SAMPLES, &whole), FW_OK);
    assert_int_equal(fw_net_evaluate(&f.net, f.parameters, f.inputs, f.labels,
                                     SAMPLES, &loss, &accuracy),
                     FW_OK);
    assert_true(fabs(loss - whole) < 1e-5 * whole); /* single precision */
    assert_true(accuracy >= 0.0 && accuracy < 0.5);
    close_fixture(&f);
}

static void he_weights_have_variance_two_over_inputs(void **state)
{
    struct fixture f = {0};
    double squares = 0.0;
    size_t n = (size_t)64 * 784; /* fc1.weight of the mlp */

    (void)state;
    open_fixture(&f, "mlp");
    for (size_t i = 0; i < n; i++)
        squares += (double)f.parameters[i] * (double)f.parameters[i];
    /* 50,176 squares of normals: their mean deviates by 0.6 %. */
    assert_true(fabs(squares / (double)n * 784 / 2 - 1) < 0.03);
    for (size_t i = n; i < n + 64; i++)
        assert_true(f.parameters[i] == 0.0f);
    close_fixture(&f);
}

static void a_regression_has_no_accuracy(void **state)
{
    static const float x[] = {1, 2, 3, 4};
    static const float targets[] = {-5.5f, 8.0f};
    static const float parameters[] = {1, -1, 0.5f};
    struct fw_net_input input = {1, 1, 2, 0, 0};
    struct fw_net net = {0};
    double loss;
    double accuracy;

    (void)state;
    assert_int_equal(fw_net_init(&net, "linear", &input, NULL), FW_OK);
    assert_int_equal(
        fw_net_evaluate(&net, parameters, x, targets, 2, &loss, &accuracy),
        FW_OK);
    /* Outputs -0.5 and -0.5: errors 5 and -8.5. */
    assert_true(fabs(loss - (12.5 + 36.125) / 2) < 1e-9);
    assert_true(isnan(accuracy));
    fw_net_close(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cnn_has_the_tensors_of_its_description),
        cmocka_unit_test(a_wrong_name_or_input_is_refused_with_its_reason),
        cmocka_unit_test(a_label_that_is_no_class_changes_nothing),
        cmocka_unit_test(a_batch_of_no_or_too_many_samples_is_refused),
        cmocka_unit_test(the_same_seed_gives_the_same_gradient),
        cmocka_unit_test(a_batch_allocates_only_when_it_is_the_largest_yet),
        cmocka_unit_test(an_evaluation_in_slices_is_that_of_the_whole),
        cmocka_unit_test(he_weights_have_variance_two_over_inputs),
        cmocka_unit_test(a_regression_has_no_accuracy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
