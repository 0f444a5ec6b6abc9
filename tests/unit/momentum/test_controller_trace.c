/* The controller follows the trace by degrees, and judges negative momentum by
 * the loss. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "controlled.h"

static void margin_acts_at_once_on_a_join_and_then_by_degrees(void **state)
{
    struct cluster equal = {8, 0.0, 1.0, 1};

    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_MARGIN});
    controlled_resize(0, 8, 0);
    assert_true(fabs(controlled.momentum - 0.025) <
                1e-12); /* feed-forward: count */
    assert_true(controlled_twin(1));
    assert_true(fabs(controlled.momentum - controlled.target) < 1e-12);
    controlled_train(&equal, 4096, NAN, 500);
    for (int64_t now = 2000; now < 12000; now += 500) {
        double was = controlled.momentum;

        controlled_twin(now);
        fw_controller_tick(&controlled, controlled_version, now);
        assert_true(fabs(controlled.momentum - was) <= 0.1 + 1e-12);
    }
    assert_true(fabs(controlled.momentum - controlled.target) <= 0.02);
    assert_true(controlled.momentum < 0.2); /* s_c falls by 2 % at about 0.16 */
}

static void decisions_by_trace_come_at_most_once_a_second(void **state)
{
    struct cluster equal = {4, 0.0, 1.0, 1};
    uint64_t n;

    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_MARGIN});
    controlled_resize(0, 4, 0);
    n = 0;
    for (int64_t now = -1999; now <= 5000; now += 10) {
        controlled_train(&equal, 40, NAN, now);
        /* the step has to fall all the time, but by little */
        controlled_probe(20.0 + 1e-3 * (double)now, now);
        if (now <= 0)
            n = controlled.log.n; /* the new trace has spoken */
        controlled_twin(now);
        fw_controller_tick(&controlled, controlled_version, now);
    }
    assert_true(controlled.log.n > n);
    assert_true(controlled.log.n <= n + 5);
}

static void a_sharper_loss_is_acted_on_at_once(void **state)
{
    double step;

    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_MARGIN});
    controlled_resize(0, 4, 0);
    for (int i = 0; i < 6; i++)
        controlled_probe(100.0, 1);
    step = controlled.rate / (1.0 - controlled.momentum);
    assert_true(step < 0.1);
    for (int i = 0; i < 6; i++)
        controlled_probe(200.0, 2);
    assert_true(controlled.rate / (1.0 - controlled.momentum) < 0.6 * step);
    assert_string_equal(fw_decision_log_last(&controlled.log)->cause,
                        "curvature");
}

/* There they count half, as long as it lasts and no longer. */
static void probes_of_the_beginning_count_in_full_after_it(void **state)
{
    struct cluster equal = {4, 0.0, 1.0, 1};

    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_MARGIN});
    controlled_resize(0, 4, 0);
    for (int i = 0; i < 3; i++)
        fw_controller_curvature(&controlled, 30.0, controlled_version, 1);
    assert_float_equal(controlled.curvature.h, 15.0, 1e-9);
    controlled_train(&equal, 39, 1.0, 2);
    assert_float_equal(controlled.curvature.h, 15.0, 1e-9);
    controlled_train(&equal, 1, 1.0, 3);
    assert_float_equal(controlled.curvature.h, 30.0, 1e-9);
    /* more workers would have a longer one, but it is over */
    controlled_resize(4, 32, 4);
    fw_controller_curvature(&controlled, 30.0, controlled_version, 5);
    controlled_train(&equal, 100, 1.0, 6);
    assert_float_equal(controlled.curvature.h, 30.0, 1e-9);
}

static void a_loss_that_rises_lowers_the_step(void **state)
{
    struct cluster equal = {4, 0.0, 1.0, 1};
    double step;

    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_MARGIN});
    controlled_resize(0, 4, 0);
    for (int i = 0; i < 6; i++)
        controlled_probe(100.0, 1);
    controlled_train(&equal, 100, 1.0, 10);
    step = controlled.rate / (1.0 - controlled.momentum);
    controlled_train(&equal, 20, 9.0, 20);
    assert_true(controlled.rate / (1.0 - controlled.momentum) < 0.8 * step);
    assert_string_equal(fw_decision_log_last(&controlled.log)->cause, "loss");
}

static void a_twin_without_an_answer_changes_nothing(void **state)
{
    static struct fw_twin_input in;
    struct fw_twin_result out;
    double mu;

    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_MARGIN});
    controlled_resize(0, 4, 0);
    assert_true(fw_controller_take_twin(&controlled, 0, &in));
    mu = controlled.momentum;
    fw_twin_run(&in, &out);
    out.limits[3] = NAN;
    fw_controller_give_twin(&controlled, &out, 0, 1);
    assert_true(controlled.momentum == mu);
    assert_non_null(strstr(controlled_sentence(), "twin has no answer"));
}

static void a_result_of_another_cluster_is_dropped(void **state)
{
    static struct fw_twin_input in;
    struct fw_twin_result out;
    uint64_t n;

    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_MARGIN});
    controlled_resize(0, 4, 0);
    assert_true(fw_controller_take_twin(&controlled, 0, &in));
    fw_twin_run(&in, &out);
    controlled_resize(4, 5, 1);
    n = controlled.log.n;
    fw_controller_give_twin(&controlled, &out, 0, 2);
    assert_int_equal(controlled.log.n, n);
    assert_true(controlled_twin(3)); /* and the right one is due at once */
}

static void the_trace_rules_when_connected_workers_are_silent(void **state)
{
    struct cluster two = {2, 1.0, 1.0, 1};
    double crowded;

    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_MARGIN});
    controlled_resize(0, 16, 0);
    controlled_twin(0);
    crowded = controlled.momentum;
    controlled_train(&two, 4096, NAN, 100); /* only two of the sixteen push */
    for (int64_t now = 2000; now < 20000; now += 1000) {
        controlled_train(&two, 64, NAN, now);
        controlled_twin(now);
        fw_controller_tick(&controlled, controlled_version, now);
    }
    assert_true(controlled.momentum > crowded + 0.1);
}

static void negative_momentum_is_rolled_back_if_the_loss_gets_worse(
    void **state)
{
    struct cluster equal = {16, 0.0, 1.0, 1};

    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_COUNT,
                                                  .allow_negative = true});
    controlled_resize(0, 4, 0);
    controlled_train(&equal, 200, 1.0, 10);
    controlled_resize(4, 40, 20);
    assert_true(controlled.momentum < 0.0);
    controlled_train(&equal, 400, 2.0, 30);
    assert_true(controlled.momentum == 0.0);
    assert_non_null(strstr(controlled_sentence(), "made the loss worse"));
    controlled_resize(40, 41, 40);
    assert_true(controlled.momentum == 0.0); /* it rests */
    controlled_resize(41, 42, 40000);
    assert_true(controlled.momentum < 0.0); /* and tries again */
}

static void negative_momentum_stays_if_the_loss_is_no_worse(void **state)
{
    struct cluster equal = {16, 0.0, 1.0, 1};

    (void)state;
    controlled_open((struct fw_controller_config){.law = FW_LAW_COUNT,
                                                  .allow_negative = true});
    controlled_resize(0, 4, 0);
    controlled_train(&equal, 200, 1.0, 10);
    controlled_resize(4, 40, 20);
    controlled_train(&equal, 400, 0.9, 30);
    assert_true(controlled.momentum < 0.0);
    assert_string_equal(fw_decision_log_last(&controlled.log)->cause, "trial");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            margin_acts_at_once_on_a_join_and_then_by_degrees, controlled_shut),
        cmocka_unit_test_teardown(decisions_by_trace_come_at_most_once_a_second,
                                  controlled_shut),
        cmocka_unit_test_teardown(a_sharper_loss_is_acted_on_at_once,
                                  controlled_shut),
        cmocka_unit_test_teardown(
            probes_of_the_beginning_count_in_full_after_it, controlled_shut),
        cmocka_unit_test_teardown(a_loss_that_rises_lowers_the_step,
                                  controlled_shut),
        cmocka_unit_test_teardown(a_twin_without_an_answer_changes_nothing,
                                  controlled_shut),
        cmocka_unit_test_teardown(a_result_of_another_cluster_is_dropped,
                                  controlled_shut),
        cmocka_unit_test_teardown(
            the_trace_rules_when_connected_workers_are_silent, controlled_shut),
        cmocka_unit_test_teardown(
            negative_momentum_is_rolled_back_if_the_loss_gets_worse,
            controlled_shut),
        cmocka_unit_test_teardown(
            negative_momentum_stays_if_the_loss_is_no_worse, controlled_shut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
