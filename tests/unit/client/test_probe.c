/* The probe finds the curvature of quadratics whose curvature is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sdk/client/probe.h"

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
    assert_int_equal(fw_probe_shift(p, w, g), FW_OK);
    gradient(p->parameters, p->gradient);
    return fw_probe_measure(p, g);
}

static void it_measures_the_curvature_along_the_gradient(void **state)
{
    static const float w[N] = {1, -2, 0.5f, 3, 1};
    struct fw_probe p = {.n = N};
    double gg = 0.0;
    double ghg = 0.0;

    (void)state;
    for (int i = 0; i < N; i++) {
        gg += pow(h[i] * w[i], 2);
        ghg += h[i] * pow(h[i] * w[i], 2);
    }
    assert_true(fabs(probe_at(&p, w) / (ghg / gg) - 1.0) < 0.01);
    fw_probe_close(&p);
}

static void along_one_axis_it_is_that_axis_curvature(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) {
        struct fw_probe p = {.n = N};
        float w[N] = {0};

        w[i] = 2.0f;
        assert_true(fabs(probe_at(&p, w) / h[i] - 1.0) < 0.01);
        fw_probe_close(&p);
    }
}

/* Up along one axis, down along the other: d H d is 0, |H d| is not. */
static void a_saddle_counts_a_quarter_of_its_steepness(void **state)
{
    struct fw_probe p = {.n = 2};
    const float w[2] = {1.0f, 1.0f};
    const float g[2] = {1.0f, -1.0f};

    (void)state;
    assert_int_equal(fw_probe_shift(&p, w, g), FW_OK);
    p.gradient[0] = p.parameters[0];
    p.gradient[1] = -p.parameters[1];
    assert_true(fabs(fw_probe_measure(&p, g) - 0.25) < 0.01);
    fw_probe_close(&p);
}

static void what_is_not_finite_or_zero_measures_nothing(void **state)
{
    static const float bad[] = {NAN, INFINITY, 0.0f};
    static const float w[N] = {1, 1, 1, 1, 1};

    (void)state;
    for (int b = 0; b < 3; b++) {
        struct fw_probe p = {.n = N};
        float g[N];

        for (int i = 0; i < N; i++)
            g[i] = bad[b];
        assert_int_equal(fw_probe_shift(&p, w, g), FW_OK);
        gradient(p.parameters, p.gradient);
        assert_true(fw_probe_measure(&p, g) == 0.0);
        fw_probe_close(&p);
        fw_probe_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_measures_the_curvature_along_the_gradient),
        cmocka_unit_test(along_one_axis_it_is_that_axis_curvature),
        cmocka_unit_test(a_saddle_counts_a_quarter_of_its_steepness),
        cmocka_unit_test(what_is_not_finite_or_zero_measures_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
