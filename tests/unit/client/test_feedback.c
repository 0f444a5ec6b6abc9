/* Error feedback: nothing is lost, a refused gradient leaves no trace. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sdk/base/random.h"
#include "sdk/client/feedback.h"

#define N      1000
#define ROUNDS 200

static void draw(struct fw_random *r, float *g)
{
    for (size_t i = 0; i < N; i++)
        g[i] = (float)fw_random_normal(r);
}

/* What was sent and what is kept are all that was given. */
static void every_element_arrives_or_is_kept(void **state)
{
    struct fw_feedback f = {0};
    struct fw_random r;
    double given[N] = {0};
    double sent[N] = {0};
    float g[N];

    (void)state;
    fw_random_init(&r, 4);
    assert_int_equal(fw_feedback_open(&f, N, 0.05, NULL), FW_OK);
    assert_int_equal(f.k, 50);
    for (int t = 0; t < ROUNDS; t++) {
        size_t n = 0;

        draw(&r, g);
        assert_int_equal(fw_feedback_add(&f, g, NULL), FW_OK);
        for (size_t i = 0; i < N; i++) {
            given[i] += g[i];
            if (fw_topk_has(&f.cut, i, f.rest[i])) {
                sent[i] += f.rest[i];
                n++;
            }
        }
        assert_int_equal(n, 50);
        fw_feedback_settle(&f, g, true);
    }
    for (size_t i = 0; i < N; i++) {
        assert_true(fabs(given[i] - sent[i] - f.rest[i]) < 1e-4);
        assert_true(sent[i] != 0.0); /* even the smallest had its turn */
    }
    fw_feedback_close(&f);
    fw_feedback_close(&f);
}

static void a_refused_gradient_leaves_no_trace(void **state)
{
    struct fw_feedback f = {0};
    struct fw_random r;
    float before[N];
    float g[N];

    (void)state;
    fw_random_init(&r, 4);
    assert_int_equal(fw_feedback_open(&f, N, 0.01, NULL), FW_OK);
    draw(&r, g);
    assert_int_equal(fw_feedback_add(&f, g, NULL), FW_OK);
    fw_feedback_settle(&f, g, true);
    for (size_t i = 0; i < N; i++)
        before[i] = f.rest[i];
    draw(&r, g);
    assert_int_equal(fw_feedback_add(&f, g, NULL), FW_OK);
    fw_feedback_settle(&f, g, false);
    for (size_t i = 0; i < N; i++)
        assert_true(fabsf(f.rest[i] - before[i]) < 1e-6f);
    fw_feedback_close(&f);
}

static void a_gradient_that_is_not_finite_is_not_taken(void **state)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    struct fw_feedback f = {0};
    float g[N] = {0};

    (void)state;
    assert_int_equal(fw_feedback_open(&f, N, 0.01, NULL), FW_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct fw_err err = {0};

        g[N - 1] = bad[i];
        g[0] = 1.0f;
        assert_int_equal(fw_feedback_add(&f, g, &err), FW_INVALID);
        assert_string_equal(err.reason, "NON_FINITE");
        assert_true(f.rest[0] == 0.0f);
    }
    fw_feedback_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_arrives_or_is_kept),
        cmocka_unit_test(a_refused_gradient_leaves_no_trace),
        cmocka_unit_test(a_gradient_that_is_not_finite_is_not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
