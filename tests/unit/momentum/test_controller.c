/* The controller acts at once on membership and on an operator, and holds what
 * is good when a sensor fails. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "controlled.h"

static void momentum_falls_as_workers_join_and_rises_as_they_go(void **state)
{
    static const double want[] = {.9, .9, .4, .9 - 2.0 / 3.0, .15};

    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_COUNT});
    for (uint32_t m = 1; m <= 4; m++) {
        controlled_resize(m - 1, m, m);
        assert_true(fabs(controlled.momentum - want[m]) < 1e-12);
        assert_true(fabs(controlled.rate / (1.0 - controlled.momentum) - 0.1) <
                    1e-12);
    }
    for (uint32_t m = 3; m > 0; m--) {
        controlled_resize(m + 1, m, 10);
        assert_true(fabs(controlled.momentum - want[m]) < 1e-12);
    }
    fw_controller_members(&controlled, 0, FW_MEMBER_LOST, "w0", 0, 11);
    assert_true(controlled.momentum == 0.9 && controlled.rate == 0.01);
    assert_int_equal(fw_decision_log_last(&controlled.log)->index, 9);
}

static void the_sentence_is_plain_english(void **state)
{
    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_COUNT});
    controlled_resize(0, 4, 0);
    assert_string_equal(
        controlled_sentence(),
        "4 workers (w3 joined): momentum 0.233 -> 0.15 (law count: 0.9 less "
        "1 - 1/4), rate 0.0767 -> 0.085 so that the effective step stays "
        "0.1.");
    fw_controller_members(&controlled, 3, FW_MEMBER_LOST, "w1", 9, 5);
    assert_non_null(
        strstr(controlled_sentence(), "3 workers (w1 was lost): momentum "));
}

static void a_pin_holds_through_membership_until_auto(void **state)
{
    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_COUNT});
    controlled_resize(0, 2, 0);
    assert_int_equal(fw_controller_set(&controlled, FW_LAW_MANUAL, .3, NAN,
                                       "ana", "to see it", 5, 10, NULL),
                     FW_OK);
    assert_true(controlled.momentum == 0.3 &&
                fabs(controlled.rate - 0.07) < 1e-12);
    assert_non_null(strstr(controlled_sentence(), "ana asked"));
    assert_non_null(strstr(controlled_sentence(), "to see it"));
    assert_string_equal(fw_decision_log_last(&controlled.log)->who, "ana");
    controlled_resize(2, 8, 20);
    assert_true(controlled.momentum == 0.3 &&
                fabs(controlled.rate - 0.07) < 1e-12);
    assert_int_equal(fw_controller_set(&controlled, FW_LAW_DEFAULT, NAN, NAN,
                                       "ana", NULL, 6, 30, NULL),
                     FW_OK);
    assert_true(fabs(controlled.momentum - 0.025) < 1e-12);
}

static void a_pin_that_makes_no_sense_changes_nothing(void **state)
{
    static const double bad[][2] = {
        {1.0, NAN},  {-1.0, NAN},     {INFINITY, NAN},
        {0.5, -1.0}, {0.5, INFINITY}, {0.5, 0.0},
    };
    struct fw_err err;
    uint64_t n;

    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_COUNT});
    n = controlled.log.n;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(fw_controller_set(&controlled, FW_LAW_MANUAL,
                                           bad[i][0], bad[i][1], "a", "", 0, 0,
                                           &err),
                         FW_INVALID);
        assert_string_equal(err.reason, "CONTROLLER_INVALID");
    }
    assert_int_equal(fw_controller_set(&controlled, (enum fw_law)77, 0, 0, "a",
                                       "", 0, 0, &err),
                     FW_INVALID);
    assert_true(controlled.log.n == n && controlled.law == FW_LAW_COUNT &&
                controlled.momentum == 0.9);
}

static void without_curvature_the_record_says_that_nothing_caps(void **state)
{
    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_MARGIN});
    controlled_resize(0, 4, 0);
    assert_non_null(strstr(fw_decision_log_last(&controlled.log)->binding,
                           "no curvature: step not capped"));
    controlled_probe(50.0, 10);
    controlled_resize(4, 5, 20);
    assert_non_null(
        strstr(fw_decision_log_last(&controlled.log)->binding, "curvature"));
    assert_true(controlled.rate / (1.0 - controlled.momentum) < 0.1);
}

static void broken_sensors_hold_the_last_decision_and_say_why(void **state)
{
    static const double bad[] = {INFINITY, -INFINITY, 0.0, -1.0};
    double mu;
    double alpha;

    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_MARGIN});
    controlled_resize(0, 4, 0);
    controlled_twin(0);
    mu = controlled.momentum;
    alpha = controlled.rate;
    for (int i = 0; i < 4; i++) {
        controlled_probe(bad[i], 100000 * (i + 1));
        assert_string_equal(fw_decision_log_last(&controlled.log)->cause,
                            "sensor");
        assert_non_null(strstr(controlled_sentence(), "are held"));
        assert_true(controlled.momentum == mu && controlled.rate == alpha);
    }
}

static void ten_thousand_workers_and_none_are_survived(void **state)
{
    (void)state;
    for (int law = FW_LAW_FIXED; law <= FW_LAW_MANUAL; law++) {
        controlled_open((struct fw_controller_config){.law = (enum fw_law)law});
        fw_controller_members(&controlled, 10000, FW_MEMBER_JOINED, "w", 0, 0);
        controlled_twin(0);
        controlled_probe(3.0, 1);
        fw_controller_tick(&controlled, 1, 5000);
        assert_true(isfinite(controlled.rate) && controlled.rate > 0.0);
        assert_true(fabs(controlled.momentum) < 1.0);
        fw_controller_members(&controlled, 0, FW_MEMBER_LOST, "w", 0, 6000);
        assert_true(controlled.momentum == 0.9);
        assert_false(controlled_twin(7000));
        fw_controller_close(&controlled);
    }
}

static void a_reference_that_is_no_number_is_refused(void **state)
{
    static const double bad[] = {1.0, -1.0, NAN, INFINITY};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct fw_controller_config g = {.law = FW_LAW_COUNT,
                                         .reference_momentum = bad[i],
                                         .reference_rate = 0.01};

        assert_int_equal(fw_controller_init(&controlled, &g, 0), FW_INVALID);
    }
}

static void the_view_tells_what_is_not_known(void **state)
{
    struct fw_controller_view v;

    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_COUNT});
    controlled_resize(0, 4, 0);
    fw_controller_view(&controlled, &v);
    assert_true(isnan(v.curvature) && isnan(v.step_bound));
    assert_true(isnan(v.total_measured) && isnan(v.implicit_trace));
    assert_true(v.implicit_predicted == 0.75);
    assert_true(fabs(v.effective_step - 0.1) < 1e-12);
}

/* A fall is at once; a rise takes four times as long as the reference's own
 * momentum would. */
static void a_step_falls_at_once_and_rises_gradually(void **state)
{
    struct fw_observation o = {.loss = 1.0};
    double least;

    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_MARGIN});
    assert_true(fw_controller_rate(&controlled) == controlled.rate);
    controlled_resize(0, 8, 0); /* no curvature yet: a cautious step */
    fw_controller_curvature(&controlled, 50.0, 1, 1);
    least = fw_controller_rate(&controlled);
    assert_true(least == controlled.rate);
    fw_controller_members(&controlled, 1, FW_MEMBER_LEFT, "w7", 1, 2000);
    assert_true(controlled.rate == 0.01); /* the reference's step is 0.1 */
    for (uint64_t k = 1; k <= 240; k++) {
        double was = fw_controller_rate(&controlled);

        o.version = k;
        fw_controller_observe(&controlled, &o, 2000);
        assert_true(fw_controller_rate(&controlled) >= was);
        if (k == 40)
            assert_true(fw_controller_rate(&controlled) < 0.8 * 0.01);
    }
    assert_true(fw_controller_rate(&controlled) > 0.99 * 0.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_step_falls_at_once_and_rises_gradually,
                                  controlled_shut),
        cmocka_unit_test_teardown(
            momentum_falls_as_workers_join_and_rises_as_they_go,
            controlled_shut),
        cmocka_unit_test_teardown(the_sentence_is_plain_english,
                                  controlled_shut),
        cmocka_unit_test_teardown(a_pin_holds_through_membership_until_auto,
                                  controlled_shut),
        cmocka_unit_test_teardown(a_pin_that_makes_no_sense_changes_nothing,
                                  controlled_shut),
        cmocka_unit_test_teardown(
            without_curvature_the_record_says_that_nothing_caps,
            controlled_shut),
        cmocka_unit_test_teardown(
            broken_sensors_hold_the_last_decision_and_say_why, controlled_shut),
        cmocka_unit_test_teardown(ten_thousand_workers_and_none_are_survived,
                                  controlled_shut),
        cmocka_unit_test_teardown(a_reference_that_is_no_number_is_refused,
                                  controlled_shut),
        cmocka_unit_test_teardown(the_view_tells_what_is_not_known,
                                  controlled_shut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
