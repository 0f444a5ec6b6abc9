/* The estimator finds the momentum that made the moves. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/base/random.h"
#include "server/momentum/total_momentum.h"

#define N    200
#define RATE 0.02

/* Momentum SGD on quadratics of different curvature; each gradient is `tau`
 * versions old and told to the estimator. */
static double measured(double mu, unsigned tau, unsigned steps)
{
    struct fw_total_momentum t;
    float past[64][N];
    float v[N] = {0};
    float g[N];
    double value;

    assert_int_equal(fw_total_momentum_init(&t, N), FW_OK);
    for (int i = 0; i < N; i++)
        past[0][i] = 1.0f + (float)i / N;
    for (unsigned version = 0; version < steps; version++) {
        unsigned base = version > tau ? version - tau : 0;
        float *w = past[version % 64];
        float *next = past[(version + 1) % 64];

        for (int i = 0; i < N; i++) {
            g[i] = (0.5f + (float)i / N) * past[base % 64][i];
            v[i] = (float)mu * v[i] + g[i];
            next[i] = w[i] - (float)RATE * v[i];
        }
        fw_total_momentum_add(
            &t, &(struct fw_total_sample){version + 1, base, next, g, RATE});
    }
    value = t.value;
    fw_total_momentum_close(&t);
    return value;
}

static void without_delay_it_reads_the_explicit_momentum(void **state)
{
    static const double momenta[] = {0.0, 0.3, 0.6, 0.9};

    (void)state;
    for (int i = 0; i < 4; i++) {
        double m = measured(momenta[i], 0, 100);

        if (fabs(m - momenta[i]) > 0.02)
            fail_msg("mu %g was read as %g", momenta[i], m);
    }
}

/* The base's own gradient explains its move but for the delayed one that was
 * applied there: a mode that rings pulls the reading off the explicit value. */
static void a_delay_that_rings_is_seen(void **state)
{
    double calm = measured(0.5, 0, 200);
    double ringing = measured(0.5, 8, 200);

    (void)state;
    print_message("no delay %.3f, delay 8 %.3f\n", calm, ringing);
    assert_true(isfinite(ringing));
    assert_true(fabs(ringing - 0.5) > 5.0 * fabs(calm - 0.5));
}

static void a_gradient_older_than_the_history_is_passed_over(void **state)
{
    (void)state;
    assert_true(isnan(measured(0.5, FW_TOTAL_HISTORY + 1, 30)));
}

static void coordinates_are_distinct_and_within_the_model(void **state)
{
    static const uint64_t sizes[] = {1, 10, 512, 513, 1000000, 1ull << 34};

    (void)state;
    for (int k = 0; k < 6; k++) {
        struct fw_total_momentum t;

        assert_int_equal(fw_total_momentum_init(&t, sizes[k]), FW_OK);
        assert_true(t.n == (sizes[k] < 512 ? sizes[k] : 512));
        assert_true(t.coordinates[t.n - 1] < sizes[k]);
        for (uint32_t i = 1; i < t.n; i++)
            assert_true(t.coordinates[i - 1] < t.coordinates[i]);
        fw_total_momentum_close(&t);
        fw_total_momentum_close(&t);
    }
}

static void values_that_are_not_finite_are_passed_over(void **state)
{
    struct fw_total_momentum t;
    float w[N];
    float g[N];

    (void)state;
    assert_int_equal(fw_total_momentum_init(&t, N), FW_OK);
    for (uint64_t v = 1; v < 10; v++) {
        for (int i = 0; i < N; i++) {
            w[i] = i % 2 ? NAN : (float)v;
            g[i] = INFINITY;
        }
        fw_total_momentum_add(&t,
                              &(struct fw_total_sample){v, v - 1, w, g, RATE});
    }
    assert_true(isnan(t.value));
    fw_total_momentum_close(&t);
}

static void off_it_does_nothing(void **state)
{
    struct fw_total_momentum t;

    (void)state;
    assert_int_equal(fw_total_momentum_init(&t, 0), FW_OK);
    fw_total_momentum_add(&t, &(struct fw_total_sample){.version = 1});
    assert_true(isnan(t.value));
    fw_total_momentum_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_delay_it_reads_the_explicit_momentum),
        cmocka_unit_test(a_delay_that_rings_is_seen),
        cmocka_unit_test(a_gradient_older_than_the_history_is_passed_over),
        cmocka_unit_test(coordinates_are_distinct_and_within_the_model),
        cmocka_unit_test(values_that_are_not_finite_are_passed_over),
        cmocka_unit_test(off_it_does_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
