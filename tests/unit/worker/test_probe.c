/* The probe finds the largest curvature of a quadratic whose curvatures are
 * known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "client/worker/probe.h"

#define N 5

static const float h[N] = {0.5f, 1.0f, 7.0f, 2.0f, 0.1f};

/* Gradient of sum h_i w_i^2 / 2. */
static void gradient(const float *w, float *g)
{
    for (int i = 0; i < N; i++)
        g[i] = h[i] * w[i];
}

static double probe_at(struct fw_probe *p, const float *w)
{
    float g[N];

    gradient(w, g);
    fw_probe_shift(p, w);
    gradient(p->parameters, p->gradient);
    return fw_probe_measure(p, g);
}

static void it_turns_to_the_largest_curvature(void **state)
{
    const float w[N] = {1, -2, 0.5f, 3, 1};
    struct fw_probe p = {0};
    double measured = 0;

    (void)state;
    assert_int_equal(fw_probe_init(&p, N, 100, 7), FW_OK);
    for (int i = 0; i < 20; i++)
        measured = probe_at(&p, w);
    assert_true(fabs(measured - 7) < 0.05);
    fw_probe_close(&p);
}

static void the_first_eight_and_every_interval_th_are_due(void **state)
{
    struct fw_probe p = {0};
    unsigned due = 0;

    (void)state;
    assert_int_equal(fw_probe_init(&p, N, 100, 7), FW_OK);
    for (int i = 0; i < 301; i++)
        due += fw_probe_due(&p);
    assert_int_equal(due, FW_PROBE_FIRST + 3); /* 100, 200, 300 */
    fw_probe_close(&p);
}

static void interval_zero_never_probes(void **state)
{
    struct fw_probe p = {0};

    (void)state;
    assert_int_equal(fw_probe_init(&p, N, 0, 7), FW_OK);
    assert_false(fw_probe_due(&p));
    fw_probe_close(&p);
    fw_probe_close(&p);
}

static void a_gradient_that_is_not_finite_measures_nothing(void **state)
{
    const float w[N] = {1, NAN, 0.5f, 3, 1};
    const float sane[N] = {1, 1, 1, 1, 1};
    struct fw_probe p = {0};

    (void)state;
    assert_int_equal(fw_probe_init(&p, N, 100, 7), FW_OK);
    assert_true(probe_at(&p, w) == 0);
    assert_true(probe_at(&p, sane) > 0.05); /* and the direction is kept */
    fw_probe_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_turns_to_the_largest_curvature),
        cmocka_unit_test(the_first_eight_and_every_interval_th_are_due),
        cmocka_unit_test(interval_zero_never_probes),
        cmocka_unit_test(a_gradient_that_is_not_finite_measures_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
