/* Staleness is kept exactly and can be scaled to another cluster and back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cluster.h"
#include "server/momentum/staleness.h"

static struct fw_staleness s;

static int empty(void **state)
{
    (void)state;
    memset(&s, 0, sizeof(s));
    return 0;
}

static void figures_of_a_known_list_are_exact(void **state)
{
    struct fw_staleness_summary sum;

    (void)state;
    for (uint32_t i = 1; i <= 100; i++)
        fw_staleness_add(&s, 101 - i, 4, i % 2);
    fw_staleness_summarise(&s, &sum);
    assert_int_equal(sum.n, 100);
    assert_true(sum.mean == 50.5);
    assert_true(fabs(sum.deviation_ratio - sqrt(833.25) / 50.5) < 1e-12);
    assert_int_equal(sum.p50, 50);
    assert_int_equal(sum.p95, 95);
    assert_int_equal(sum.p99, 99);
    fw_staleness_summarise_worker(&s, 1, &sum);
    assert_int_equal(sum.n, 50);
    assert_true(sum.mean == 51.0);
}

static void nothing_measured_is_all_zero(void **state)
{
    struct fw_staleness_summary sum;
    uint64_t bars[8];

    (void)state;
    fw_staleness_summarise(&s, &sum);
    assert_true(sum.n == 0 && sum.mean == 0.0 && sum.deviation_ratio == 0.0);
    assert_int_equal(fw_staleness_histogram(&s, bars, 8), 0);
}

static void only_the_last_4096_count(void **state)
{
    uint64_t bars[8];

    (void)state;
    for (int i = 0; i < 5000; i++)
        fw_staleness_add(&s, i < 904 ? 7 : 2, 3, 0);
    assert_int_equal(fw_staleness_histogram(&s, bars, 8), 3);
    assert_int_equal(bars[2], FW_STALENESS_WINDOW);
    assert_true(fw_staleness_mean(&s) == 2.0);
    assert_int_equal(s.total, 5000);
}

static void the_last_bar_holds_all_that_are_more(void **state)
{
    uint64_t bars[4];

    (void)state;
    fw_staleness_add(&s, 2, 4, 0);
    fw_staleness_add(&s, 3, 4, 0);
    fw_staleness_add(&s, UINT64_MAX, 4, 0);
    assert_int_equal(fw_staleness_histogram(&s, bars, 4), 4);
    assert_int_equal(bars[2], 1);
    assert_int_equal(bars[3], 2);
}

static double mean_for(uint32_t workers, double *ratio)
{
    struct fw_staleness_summary sum;

    fw_staleness_expect(&s, workers, &sum);
    if (ratio)
        *ratio = sum.deviation_ratio;
    return sum.mean;
}

static void a_trace_scales_with_the_workers_and_keeps_its_shape(void **state)
{
    static uint32_t taus[4096];
    struct cluster c = {4, 1.0, 1.0, 5};
    double before;
    double after;

    (void)state;
    cluster_trace(&c, taus, 4096);
    for (int i = 0; i < 4096; i++)
        fw_staleness_add(&s, taus[i], 4, 0);
    assert_true(fabs(mean_for(4, &before) - 3.0) < 0.1);
    assert_true(fabs(mean_for(16, &after) / fw_staleness_mean(&s) - 5.0) < .01);
    assert_true(fabs(after / before - 1.0) < 0.03);
    assert_true(fabs(mean_for(3, NULL) / fw_staleness_mean(&s) - 2.0 / 3.0) <
                0.01);
}

static void constant_delays_stay_constant_when_scaled(void **state)
{
    double ratio;

    (void)state;
    for (int i = 0; i < 100; i++)
        fw_staleness_add(&s, 3, 4, 0);
    assert_true(mean_for(8, &ratio) == 7.0);
    assert_true(ratio == 0.0);
    assert_true(mean_for(1, NULL) == 0.0);
}

static void what_was_measured_comes_back_after_leave_and_rejoin(void **state)
{
    uint32_t taus[FW_STALENESS_WINDOW];

    (void)state;
    for (uint32_t i = 0; i < 500; i++)
        fw_staleness_add(&s, i % 9, 4, 0);
    fw_staleness_trace(&s, 2, taus);
    /* all but those that were begun before there were four */
    assert_int_equal(fw_staleness_trace(&s, 4, taus), 496);
    for (uint32_t i = 0; i < 496; i++)
        assert_int_equal(taus[i], (i + 4) % 9);
}

static void one_worker_grows_into_the_geometric_law(void **state)
{
    uint32_t taus[FW_STALENESS_WINDOW];
    uint32_t again[FW_STALENESS_WINDOW];
    double ratio;
    uint32_t n;

    (void)state;
    for (int i = 0; i < 4096; i++)
        fw_staleness_add(&s, 0, 1, 0);
    assert_true(fabs(mean_for(8, &ratio) / 7.0 - 1.0) < 0.05);
    assert_true(fabs(ratio - 1.07) < 0.05);
    n = fw_staleness_trace(&s, 8, taus);
    assert_int_equal(fw_staleness_trace(&s, 8, again), n);
    assert_memory_equal(taus, again, n * sizeof(*taus));
}

static void a_cluster_never_seen_is_expected_geometric(void **state)
{
    (void)state;
    assert_true(fabs(mean_for(4, NULL) - 3.0) < 0.2);
    assert_true(mean_for(0, NULL) == 0.0);
    assert_true(fabs(mean_for(10000, NULL) / 9999.0 - 1.0) < 0.06);
}

static void the_geometric_law_sums_to_one(void **state)
{
    double sum = 0.0;
    double mean = 0.0;

    (void)state;
    for (uint32_t k = 0; k < 2000; k++) {
        sum += fw_staleness_geometric(8, k);
        mean += k * fw_staleness_geometric(8, k);
    }
    assert_true(fabs(sum - 1.0) < 1e-9);
    assert_true(fabs(mean - 7.0) < 1e-6);
    assert_true(fw_staleness_geometric(1, 0) == 1.0);
    assert_true(fw_staleness_geometric(0, 1) == 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(figures_of_a_known_list_are_exact, empty),
        cmocka_unit_test_setup(nothing_measured_is_all_zero, empty),
        cmocka_unit_test_setup(only_the_last_4096_count, empty),
        cmocka_unit_test_setup(the_last_bar_holds_all_that_are_more, empty),
        cmocka_unit_test_setup(
            a_trace_scales_with_the_workers_and_keeps_its_shape, empty),
        cmocka_unit_test_setup(constant_delays_stay_constant_when_scaled,
                               empty),
        cmocka_unit_test_setup(
            what_was_measured_comes_back_after_leave_and_rejoin, empty),
        cmocka_unit_test_setup(one_worker_grows_into_the_geometric_law, empty),
        cmocka_unit_test_setup(a_cluster_never_seen_is_expected_geometric,
                               empty),
        cmocka_unit_test_setup(the_geometric_law_sums_to_one, empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
