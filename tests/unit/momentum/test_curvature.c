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

static void it_settles_at_what_the_probes_say(void **state)
{
    struct fw_curvature c;

    (void)state;
    fw_curvature_init(&c);
    assert_true(isnan(c.h));
    for (int i = 0; i < 50; i++)
        assert_true(fw_curvature_add(&c, i % 2 ? 9.0 : 11.0));
    assert_true(fabs(c.h - 10.0) < 0.5);
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
    assert_true(c.h == 5.0);
    assert_int_equal(c.refused, 6);
}

static void one_outlier_is_bounded_but_a_lasting_rise_gets_through(void **state)
{
    struct fw_curvature c;

    (void)state;
    fw_curvature_init(&c);
    assert_true(fw_curvature_add(&c, 1.0));
    assert_true(fw_curvature_add(&c, 1e6));
    assert_true(c.h < 2.0);
    for (int i = 0; i < 15; i++)
        assert_true(fw_curvature_add(&c, 100.0));
    assert_true(c.h > 70.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_settles_at_what_the_probes_say),
        cmocka_unit_test(nonsense_is_refused_and_counted),
        cmocka_unit_test(
            one_outlier_is_bounded_but_a_lasting_rise_gets_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
