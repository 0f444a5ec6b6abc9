/* The average of curvature probes shrugs off what is no curvature. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/momentum/curvature.h"

static void it_settles_at_the_lower_half_of_the_last_probes(void **state)
{
    struct fw_curvature c;

    (void)state;
    fw_curvature_init(&c);
    assert_true(isnan(c.h));
    for (int i = 0; i < 50; i++)
        assert_true(fw_curvature_add(&c, i % 2 ? 9.0 : 30.0));
    assert_true(fabs(c.h - 9.0) < 1e-9);
}

static void a_raise_lasts_until_newer_probes_come(void **state)
{
    struct fw_curvature c;

    (void)state;
    fw_curvature_init(&c);
    fw_curvature_raise(&c, 2.0);
    assert_true(isnan(c.h));
    assert_true(fw_curvature_add(&c, 5.0));
    fw_curvature_raise(&c, 2.0);
    assert_true(fabs(c.h - 10.0) < 1e-9);
    for (unsigned i = 0; i < FW_CURVATURE_KEPT; i++)
        assert_true(fw_curvature_add(&c, 5.0));
    assert_true(fabs(c.h - 5.0) < 1e-9);
}

static void what_nobody_measures_is_raised_a_few_times_only(void **state)
{
    struct fw_curvature c;
    double before;

    (void)state;
    fw_curvature_init(&c);
    for (unsigned i = 0; i < FW_CURVATURE_KEPT; i++)
        assert_true(fw_curvature_add(&c, 5.0));
    for (int i = 0; i < 1000; i++)
        fw_curvature_raise(&c, 1.5);
    assert_true(c.h > 5.0 * 4.0 && c.h <= 5.0 * 8.0 + 1e-9);
    for (int i = 0; i < 1000; i++) { /* a probe now and then agrees with the */
        assert_true(fw_curvature_add(&c, 5.0)); /* first, alarms go on */
        fw_curvature_raise(&c, 1.5);
        fw_curvature_raise(&c, 1.5);
    }
    assert_true(c.h <= 5.0 * 8.0);
    before = c.h;
    for (unsigned i = 0; i < FW_CURVATURE_KEPT; i++)
        assert_true(fw_curvature_add(&c, 5.0));
    assert_true(c.h < before && fabs(c.h - 5.0) < 1e-9);
}

static void nonsense_is_refused_and_counted(void **state)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY, 0.0, -3.0, 1e300};
    struct fw_curvature c;

    (void)state;
    fw_curvature_init(&c);
    assert_true(fw_curvature_add(&c, 5.0));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(fw_curvature_add(&c, bad[i]));
    assert_true(fabs(c.h - 5.0) < 1e-9);
    assert_int_equal(c.refused, 6);
}

static void one_outlier_counts_for_nothing_but_a_lasting_rise_does(void **state)
{
    struct fw_curvature c;

    (void)state;
    fw_curvature_init(&c);
    assert_true(fw_curvature_add(&c, 1.0));
    assert_true(fw_curvature_add(&c, 1e6));
    assert_true(fabs(c.h - 1.0) < 1e-9);
    for (int i = 0; i < 6; i++)
        assert_true(fw_curvature_add(&c, 100.0));
    assert_true(fabs(c.h - 100.0) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_settles_at_the_lower_half_of_the_last_probes),
        cmocka_unit_test(a_raise_lasts_until_newer_probes_come),
        cmocka_unit_test(what_nobody_measures_is_raised_a_few_times_only),
        cmocka_unit_test(nonsense_is_refused_and_counted),
        cmocka_unit_test(
            one_outlier_counts_for_nothing_but_a_lasting_rise_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
