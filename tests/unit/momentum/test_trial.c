/* Negative momentum is tried, judged by the loss, kept or taken back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/momentum/trial.h"

static struct fw_trial t;

/* 60 losses about `level`, then the verdict of a trial of 60 about `then`. */
static enum fw_trial_verdict verdict(double level, double then)
{
    enum fw_trial_verdict v = FW_TRIAL_NONE;

    fw_trial_init(&t);
    for (int i = 0; i < 60; i++)
        v = fw_trial_add(&t, level + (i % 3 - 1) * 0.01, 0);
    assert_int_equal(v, FW_TRIAL_NONE);
    fw_trial_set(&t, true, 60);
    for (int i = 0; i < 60 && v == FW_TRIAL_NONE; i++)
        v = fw_trial_add(&t, then + (i % 3 - 1) * 0.01, 1000);
    return v;
}

static void a_loss_that_is_no_worse_keeps_it(void **state)
{
    (void)state;
    assert_int_equal(verdict(1.0, 0.9), FW_TRIAL_NO_WORSE);
    assert_int_equal(verdict(1.0, 1.0), FW_TRIAL_NO_WORSE);
    assert_true(fw_trial_allows(&t, 1000));
}

static void a_worse_loss_takes_it_back_for_a_while(void **state)
{
    (void)state;
    assert_int_equal(verdict(1.0, 1.1), FW_TRIAL_WORSE);
    assert_false(fw_trial_allows(&t, 1000));
    assert_false(fw_trial_allows(&t, 30999));
    assert_true(fw_trial_allows(&t, 31000));
}

static void each_failure_doubles_the_rest(void **state)
{
    (void)state;
    assert_int_equal(verdict(1.0, 1.1), FW_TRIAL_WORSE);
    assert_true(fw_trial_allows(&t, 31000));
    fw_trial_set(&t, true, 60);
    for (int i = 0; i < 60; i++)
        fw_trial_add(&t, 1.5, 31000);
    assert_false(fw_trial_allows(&t, 90999));
    assert_true(fw_trial_allows(&t, 91000));
}

static void without_a_loss_it_is_not_kept(void **state)
{
    (void)state;
    assert_int_equal(verdict(1.0, NAN), FW_TRIAL_NO_LOSS);
    assert_false(fw_trial_allows(&t, 1000));
}

static void an_infinite_loss_ends_it_at_once(void **state)
{
    (void)state;
    verdict(1.0, 1.0);
    fw_trial_set(&t, false, 0);
    fw_trial_set(&t, true, 1000000);
    assert_int_equal(fw_trial_add(&t, INFINITY, 5), FW_TRIAL_WORSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_that_is_no_worse_keeps_it),
        cmocka_unit_test(a_worse_loss_takes_it_back_for_a_while),
        cmocka_unit_test(each_failure_doubles_the_rest),
        cmocka_unit_test(without_a_loss_it_is_not_kept),
        cmocka_unit_test(an_infinite_loss_ends_it_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
