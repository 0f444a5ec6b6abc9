/* Networks and data together: plain descent learns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/data/batches.h"
#include "client/data/dataset.h"
#include "client/nets/net.h"
#include "sdk/base/mem.h"

#define BATCH 32

struct plan {
    const char *model;
    const char *data;
    double rate;
    double momentum;
    size_t epochs;
};

struct trainee {
    struct fw_dataset data;
    struct fw_net net;
    struct fw_batches batches;
    struct fw_samples train;
    struct fw_samples held_out;
    float *parameters; /* owned */
    float *gradient;   /* owned */
    float *velocity;   /* owned */
    float *inputs;     /* owned */
    float labels[BATCH];
};

static void open_trainee(struct trainee *t, const struct plan *p)
{
    struct fw_net_input input;
    struct fw_err err = {0};

    if (fw_dataset_load(&t->data, p->data, &err) != FW_OK)
        fail_msg("%s", err.text);
    input = (struct fw_net_input){t->data.shape.channels, t->data.shape.height,
                                  t->data.shape.width, t->data.classes, 1};
    assert_int_equal(fw_net_init(&t->net, p->model, &input, NULL), FW_OK);
    fw_dataset_split(&t->data, FW_DATASET_VALIDATION, &t->train, &t->held_out);
    assert_int_equal(fw_batches_init(&t->batches, &t->train, "iid", 1, NULL),
                     FW_OK);
    t->parameters = fw_mem_array(t->net.n_elements, sizeof(float));
    t->gradient = fw_mem_array(t->net.n_elements, sizeof(float));
    t->velocity = fw_mem_array(t->net.n_elements, sizeof(float));
    t->inputs = fw_mem_array(BATCH * t->data.sample, sizeof(float));
    assert_true(t->parameters && t->gradient && t->velocity && t->inputs);
    fw_net_draw(&t->net, 1, t->parameters);
}

static void close_trainee(struct trainee *t)
{
    free(t->parameters);
    free(t->gradient);
    free(t->velocity);
    free(t->inputs);
    fw_batches_close(&t->batches);
    fw_net_close(&t->net);
    fw_dataset_close(&t->data);
}

/* Share of the held-out images that is right in the end. */
static double train(const struct plan *p)
{
    struct trainee t = {0};
    double loss;
    double accuracy;

    open_trainee(&t, p);
    for (size_t i = 0; i < p->epochs * t.train.n / BATCH; i++) {
        fw_batches_take(&t.batches, BATCH, t.inputs, t.labels);
        assert_int_equal(fw_net_gradient(&t.net, t.parameters, t.inputs,
                                         t.labels, BATCH, t.gradient, &loss),
                         FW_OK);
        for (size_t k = 0; k < t.net.n_elements; k++) {
            t.velocity[k] = (float)p->momentum * t.velocity[k] + t.gradient[k];
            t.parameters[k] -= (float)p->rate * t.velocity[k];
        }
    }
    assert_int_equal(fw_net_evaluate(&t.net, t.parameters, t.held_out.inputs,
                                     t.held_out.labels, t.held_out.n, &loss,
                                     &accuracy),
                     FW_OK);
    print_message("%s on %s: %.4f right\n", p->model, p->data, accuracy);
    close_trainee(&t);
    return accuracy;
}

/* 3,750 digits, of which 3,000 are for training. */
static void an_mlp_learns_3000_digits_by_plain_descent(void **state)
{
    static const struct plan plan = {"mlp", "digits:3750", 0.1, 0.0, 12};

    (void)state;
    assert_true(train(&plan) > 0.85);
}

/* The digits are a problem: images, not blobs that a line can part. */
static void digits_are_not_for_a_linear_model(void **state)
{
    static const struct plan logistic = {"logistic", "digits", 0.01, 0.9, 3};
    static const struct plan cnn = {"cnn", "digits", 0.01, 0.9, 2};
    double simple = train(&logistic);
    double good = train(&cnn);

    (void)state;
    assert_true(simple < 0.92);
    assert_true(good > 0.95);
    assert_true(good - simple > 0.05);
}

static void a_cnn_reads_real_digits(void **state)
{
    const char *shared = getenv("FLYWHEEL_SHARED");
    char dir[1024];
    char data[1024 + 8];
    struct plan plan = {"cnn", data, 0.01, 0.9, 1};

    (void)state;
    (void)snprintf(dir, sizeof(dir), "%s/data/mnist10k",
                   shared ? shared : "../shared");
    if (access(dir, R_OK) != 0) {
        print_message("SKIPPED: no real data at %s (FLYWHEEL_SHARED)\n", dir);
        skip();
    }
    (void)snprintf(data, sizeof(data), "idx:%s", dir);
    assert_true(train(&plan) > 0.92);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_mlp_learns_3000_digits_by_plain_descent),
        cmocka_unit_test(digits_are_not_for_a_linear_model),
        cmocka_unit_test(a_cnn_reads_real_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
