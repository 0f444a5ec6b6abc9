/* Losses and rates as a job tells them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "server/job/report.h"

static void the_first_loss_is_taken_whole_and_then_smoothed(void **state)
{
    struct fw_report r;

    (void)state;
    fw_report_init(&r, 0);
    assert_true(isnan(r.training));
    fw_report_gradient(&r, 2.0, 10, 1);
    assert_true(r.training == 2.0);
    fw_report_gradient(&r, 1.0, 10, 2);
    assert_true(r.training > 1.0 && r.training < 2.0);
    assert_int_equal(r.training_version, 2);
    for (uint64_t i = 3; i < 500; i++)
        fw_report_gradient(&r, 1.0, 10, i);
    assert_true(fabs(r.training - 1.0) < 1e-6);
}

static void a_loss_that_is_not_finite_counts_but_is_not_smoothed_in(
    void **state)
{
    struct fw_report r;

    (void)state;
    fw_report_init(&r, 0);
    fw_report_gradient(&r, 2.0, 10, 1);
    fw_report_gradient(&r, NAN, 10, 2);
    fw_report_gradient(&r, INFINITY, 10, 3);
    assert_true(r.training == 2.0);
    assert_int_equal(r.training_version, 1);
    assert_int_equal(r.samples, 30);
    assert_int_equal(r.applied, 3);
}

static void an_older_validation_does_not_replace_a_newer_one(void **state)
{
    struct fw_report r;

    (void)state;
    fw_report_init(&r, 0);
    fw_report_validation(&r, 0.5, 0.9, 10);
    fw_report_validation(&r, 0.7, 0.8, 9);
    assert_true(r.validation == 0.5 && r.accuracy == 0.9);
    fw_report_validation(&r, 0.4, NAN, 11);
    assert_true(r.validation == 0.4 && isnan(r.accuracy));
    assert_int_equal(r.validation_version, 11);
}

static void rates_settle_and_fall_when_work_stops(void **state)
{
    struct fw_report r;
    int64_t now_ms = 0;

    (void)state;
    fw_report_init(&r, now_ms);
    for (int i = 0; i < 600; i++) { /* 10 gradients a second, a minute */
        fw_report_gradient(&r, 1.0, 32, (uint64_t)i);
        now_ms += 100;
        fw_report_tick(&r, 3, now_ms);
    }
    assert_true(fabs(r.gradients_per_second - 10.0) < 0.1);
    assert_true(fabs(r.samples_per_second - 320.0) < 3.2);
    assert_true(fabs(r.worker_seconds - 180.0) < 1e-9);
    for (int i = 0; i < 20; i++)
        fw_report_tick(&r, 0, now_ms += 250);
    assert_true(fabs(r.gradients_per_second - 10.0 * exp(-1.0)) < 0.1);
    assert_true(fabs(r.worker_seconds - 180.0) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_loss_is_taken_whole_and_then_smoothed),
        cmocka_unit_test(
            a_loss_that_is_not_finite_counts_but_is_not_smoothed_in),
        cmocka_unit_test(an_older_validation_does_not_replace_a_newer_one),
        cmocka_unit_test(rates_settle_and_fall_when_work_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
