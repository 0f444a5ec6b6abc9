/* The controller acts at once on membership, by degrees on the trace, and
 * holds what is good when a sensor fails. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cluster.h"
#include "server/momentum/controller.h"

static struct fw_controller c;
static uint64_t version;

static void open_with(struct fw_controller_config g)
{
    version = 0;
    g.reference_momentum =
        g.reference_momentum != 0 ? g.reference_momentum : .9;
    g.reference_rate = 0.01;
    g.policy = FW_STEP_KEEP_EFFECTIVE;
    assert_int_equal(fw_controller_init(&c, &g, 0), FW_OK);
}

static int shut(void **state)
{
    (void)state;
    fw_controller_close(&c);
    return 0;
}

/* One by one from `from` to `to` workers. */
static void resize(uint32_t from, uint32_t to, int64_t now_ms)
{
    while (from != to) {
        char who[16];

        if (from < to)
            snprintf(who, sizeof(who), "w%u", from++);
        else
            snprintf(who, sizeof(who), "w%u", --from);
        fw_controller_members(&c, from,
                              from <= to ? FW_MEMBER_JOINED : FW_MEMBER_LEFT,
                              who, version, now_ms);
    }
}

/* `n` gradients of a cluster; the loss is `loss`. */
static void train(const struct cluster *cluster, uint32_t n, double loss,
                  int64_t now_ms)
{
    static uint32_t taus[FW_STALENESS_WINDOW];

    cluster_trace(cluster, taus, n);
    for (uint32_t i = 0; i < n; i++)
        fw_controller_observe(&c,
                              &(struct fw_observation){.version = ++version,
                                                       .staleness = taus[i],
                                                       .loss = loss,
                                                       .curvature = NAN},
                              now_ms);
}

static void probe(double h, int64_t now_ms)
{
    fw_controller_observe(&c,
                          &(struct fw_observation){.version = ++version,
                                                   .loss = NAN,
                                                   .curvature = h},
                          now_ms);
}

/* Run the twin if one is due. */
static bool run_twin(int64_t now_ms)
{
    static struct fw_twin_input in;
    struct fw_twin_result out;

    if (!fw_controller_take_twin(&c, now_ms, &in))
        return false;
    fw_twin_run(&in, &out);
    assert_true(out.ok);
    fw_controller_give_twin(&c, &out, version, now_ms);
    return true;
}

static const char *sentence(void)
{
    return fw_decision_log_last(&c.log)->sentence;
}

static void momentum_falls_as_workers_join_and_rises_as_they_go(void **state)
{
    static const double want[] = {.9, .9, .4, .9 - 2.0 / 3.0, .15};

    (void)state;
    open_with((struct fw_controller_config){.law = FW_LAW_COUNT});
    for (uint32_t m = 1; m <= 4; m++) {
        resize(m - 1, m, m);
        assert_true(fabs(c.momentum - want[m]) < 1e-12);
        assert_true(fabs(c.rate / (1.0 - c.momentum) - 0.1) < 1e-12);
    }
    for (uint32_t m = 3; m > 0; m--) {
        resize(m + 1, m, 10);
        assert_true(fabs(c.momentum - want[m]) < 1e-12);
    }
    fw_controller_members(&c, 0, FW_MEMBER_LOST, "w0", 0, 11);
    assert_true(c.momentum == 0.9 && c.rate == 0.01);
    assert_int_equal(fw_decision_log_last(&c.log)->index, 9);
}

static void the_sentence_is_plain_english(void **state)
{
    (void)state;
    open_with((struct fw_controller_config){.law = FW_LAW_COUNT});
    resize(0, 4, 0);
    assert_string_equal(
        sentence(),
        "4 workers (w3 joined): momentum 0.233 -> 0.15 (law count: 0.9 less "
        "1 - 1/4), rate 0.0767 -> 0.085 so that the effective step stays "
        "0.1.");
    fw_controller_members(&c, 3, FW_MEMBER_LOST, "w1", 9, 5);
    assert_non_null(strstr(sentence(), "3 workers (w1 was lost): momentum "));
}

static void a_pin_holds_through_membership_until_auto(void **state)
{
    (void)state;
    open_with((struct fw_controller_config){.law = FW_LAW_COUNT});
    resize(0, 2, 0);
    assert_int_equal(fw_controller_set(&c, FW_LAW_MANUAL, .3, NAN, "ana",
                                       "to see it", 5, 10, NULL),
                     FW_OK);
    assert_true(c.momentum == 0.3 && fabs(c.rate - 0.07) < 1e-12);
    assert_non_null(strstr(sentence(), "ana asked"));
    assert_non_null(strstr(sentence(), "to see it"));
    assert_string_equal(fw_decision_log_last(&c.log)->who, "ana");
    resize(2, 8, 20);
    assert_true(c.momentum == 0.3 && fabs(c.rate - 0.07) < 1e-12);
    assert_int_equal(fw_controller_set(&c, FW_LAW_DEFAULT, NAN, NAN, "ana",
                                       NULL, 6, 30, NULL),
                     FW_OK);
    assert_true(fabs(c.momentum - 0.025) < 1e-12);
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
    open_with((struct fw_controller_config){.law = FW_LAW_COUNT});
    n = c.log.n;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(fw_controller_set(&c, FW_LAW_MANUAL, bad[i][0],
                                           bad[i][1], "a", "", 0, 0, &err),
                         FW_INVALID);
        assert_string_equal(err.reason, "CONTROLLER_INVALID");
    }
    assert_int_equal(
        fw_controller_set(&c, (enum fw_law)77, 0, 0, "a", "", 0, 0, &err),
        FW_INVALID);
    assert_true(c.log.n == n && c.law == FW_LAW_COUNT && c.momentum == 0.9);
}

static void margin_acts_at_once_on_a_join_and_then_by_degrees(void **state)
{
    struct cluster equal = {8, 0.0, 1.0, 1};

    (void)state;
    open_with((struct fw_controller_config){.law = FW_LAW_MARGIN});
    resize(0, 8, 0);
    assert_true(fabs(c.momentum - 0.025) < 1e-12); /* feed-forward: count */
    assert_true(run_twin(1));
    assert_true(fabs(c.momentum - c.target) < 1e-12);
    train(&equal, 4096, NAN, 500);
    for (int64_t now = 2000; now < 12000; now += 500) {
        double was = c.momentum;

        run_twin(now);
        fw_controller_tick(&c, version, now);
        assert_true(fabs(c.momentum - was) <= 0.1 + 1e-12);
    }
    assert_true(fabs(c.momentum - c.target) <= 0.02);
    assert_true(c.momentum < 0.2); /* s_c falls by 2 % at about 0.16 */
}

static void decisions_by_trace_come_at_most_once_a_second(void **state)
{
    struct cluster equal = {4, 0.0, 1.0, 1};
    uint64_t n;

    (void)state;
    open_with((struct fw_controller_config){.law = FW_LAW_MARGIN});
    resize(0, 4, 0);
    run_twin(0);
    n = c.log.n;
    for (int64_t now = 1; now <= 5000; now += 10) {
        train(&equal, 40, NAN, now);
        probe(10.0 + (double)now, now); /* the step has to fall all the time */
        run_twin(now);
        fw_controller_tick(&c, version, now);
    }
    assert_true(c.log.n > n);
    assert_true(c.log.n <= n + 5);
}

static void without_curvature_the_record_says_that_nothing_caps(void **state)
{
    (void)state;
    open_with((struct fw_controller_config){.law = FW_LAW_MARGIN});
    resize(0, 4, 0);
    assert_non_null(strstr(fw_decision_log_last(&c.log)->binding,
                           "no curvature: step not capped"));
    probe(50.0, 10);
    resize(4, 5, 20);
    assert_non_null(strstr(fw_decision_log_last(&c.log)->binding, "curvature"));
    assert_true(c.rate / (1.0 - c.momentum) < 0.1);
}

static void broken_sensors_hold_the_last_decision_and_say_why(void **state)
{
    static const double bad[] = {INFINITY, -INFINITY, 0.0, -1.0};
    double mu;
    double alpha;

    (void)state;
    open_with((struct fw_controller_config){.law = FW_LAW_MARGIN});
    resize(0, 4, 0);
    run_twin(0);
    mu = c.momentum;
    alpha = c.rate;
    for (int i = 0; i < 4; i++) {
        probe(bad[i], 100000 * (i + 1));
        assert_string_equal(fw_decision_log_last(&c.log)->cause, "sensor");
        assert_non_null(strstr(sentence(), "are held"));
        assert_true(c.momentum == mu && c.rate == alpha);
    }
}

static void a_twin_without_an_answer_changes_nothing(void **state)
{
    static struct fw_twin_input in;
    struct fw_twin_result out;
    double mu;

    (void)state;
    open_with((struct fw_controller_config){.law = FW_LAW_MARGIN});
    resize(0, 4, 0);
    assert_true(fw_controller_take_twin(&c, 0, &in));
    mu = c.momentum;
    fw_twin_run(&in, &out);
    out.limits[3] = NAN;
    fw_controller_give_twin(&c, &out, 0, 1);
    assert_true(c.momentum == mu);
    assert_non_null(strstr(sentence(), "twin has no answer"));
}

static void a_result_of_another_cluster_is_dropped(void **state)
{
    static struct fw_twin_input in;
    struct fw_twin_result out;
    uint64_t n;

    (void)state;
    open_with((struct fw_controller_config){.law = FW_LAW_MARGIN});
    resize(0, 4, 0);
    assert_true(fw_controller_take_twin(&c, 0, &in));
    fw_twin_run(&in, &out);
    resize(4, 5, 1);
    n = c.log.n;
    fw_controller_give_twin(&c, &out, 0, 2);
    assert_int_equal(c.log.n, n);
    assert_true(run_twin(3)); /* and the right one is due at once */
}

static void the_trace_rules_when_connected_workers_are_silent(void **state)
{
    struct cluster two = {2, 1.0, 1.0, 1};
    double crowded;

    (void)state;
    open_with((struct fw_controller_config){.law = FW_LAW_MARGIN});
    resize(0, 16, 0);
    run_twin(0);
    crowded = c.momentum;
    train(&two, 4096, NAN, 100); /* only two of the sixteen push */
    for (int64_t now = 2000; now < 20000; now += 1000) {
        train(&two, 64, NAN, now);
        run_twin(now);
        fw_controller_tick(&c, version, now);
    }
    assert_true(c.momentum > crowded + 0.1);
}

static void negative_momentum_is_rolled_back_if_the_loss_gets_worse(
    void **state)
{
    struct cluster equal = {16, 0.0, 1.0, 1};

    (void)state;
    open_with((struct fw_controller_config){.law = FW_LAW_COUNT,
                                            .allow_negative = true});
    resize(0, 4, 0);
    train(&equal, 200, 1.0, 10);
    resize(4, 40, 20);
    assert_true(c.momentum < 0.0);
    train(&equal, 400, 2.0, 30);
    assert_true(c.momentum == 0.0);
    assert_non_null(strstr(sentence(), "made the loss worse"));
    resize(40, 41, 40);
    assert_true(c.momentum == 0.0); /* it rests */
    resize(41, 42, 40000);
    assert_true(c.momentum < 0.0); /* and tries again */
}

static void negative_momentum_stays_if_the_loss_is_no_worse(void **state)
{
    struct cluster equal = {16, 0.0, 1.0, 1};

    (void)state;
    open_with((struct fw_controller_config){.law = FW_LAW_COUNT,
                                            .allow_negative = true});
    resize(0, 4, 0);
    train(&equal, 200, 1.0, 10);
    resize(4, 40, 20);
    train(&equal, 400, 0.9, 30);
    assert_true(c.momentum < 0.0);
    assert_string_equal(fw_decision_log_last(&c.log)->cause, "trial");
}

static void ten_thousand_workers_and_none_are_survived(void **state)
{
    (void)state;
    for (int law = FW_LAW_FIXED; law <= FW_LAW_MANUAL; law++) {
        open_with((struct fw_controller_config){.law = (enum fw_law)law});
        fw_controller_members(&c, 10000, FW_MEMBER_JOINED, "w", 0, 0);
        run_twin(0);
        probe(3.0, 1);
        fw_controller_tick(&c, 1, 5000);
        assert_true(isfinite(c.rate) && c.rate > 0.0);
        assert_true(fabs(c.momentum) < 1.0);
        fw_controller_members(&c, 0, FW_MEMBER_LOST, "w", 0, 6000);
        assert_true(c.momentum == 0.9);
        assert_false(run_twin(7000));
        fw_controller_close(&c);
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

        assert_int_equal(fw_controller_init(&c, &g, 0), FW_INVALID);
    }
}

static void the_view_tells_what_is_not_known(void **state)
{
    struct fw_controller_view v;

    (void)state;
    open_with((struct fw_controller_config){.law = FW_LAW_COUNT});
    resize(0, 4, 0);
    fw_controller_view(&c, &v);
    assert_true(isnan(v.curvature) && isnan(v.step_bound));
    assert_true(isnan(v.total_measured) && isnan(v.implicit_trace));
    assert_true(v.implicit_predicted == 0.75);
    assert_true(fabs(v.effective_step - 0.1) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            momentum_falls_as_workers_join_and_rises_as_they_go, shut),
        cmocka_unit_test_teardown(the_sentence_is_plain_english, shut),
        cmocka_unit_test_teardown(a_pin_holds_through_membership_until_auto,
                                  shut),
        cmocka_unit_test_teardown(a_pin_that_makes_no_sense_changes_nothing,
                                  shut),
        cmocka_unit_test_teardown(
            margin_acts_at_once_on_a_join_and_then_by_degrees, shut),
        cmocka_unit_test_teardown(decisions_by_trace_come_at_most_once_a_second,
                                  shut),
        cmocka_unit_test_teardown(
            without_curvature_the_record_says_that_nothing_caps, shut),
        cmocka_unit_test_teardown(
            broken_sensors_hold_the_last_decision_and_say_why, shut),
        cmocka_unit_test_teardown(a_twin_without_an_answer_changes_nothing,
                                  shut),
        cmocka_unit_test_teardown(a_result_of_another_cluster_is_dropped, shut),
        cmocka_unit_test_teardown(
            the_trace_rules_when_connected_workers_are_silent, shut),
        cmocka_unit_test_teardown(
            negative_momentum_is_rolled_back_if_the_loss_gets_worse, shut),
        cmocka_unit_test_teardown(
            negative_momentum_stays_if_the_loss_is_no_worse, shut),
        cmocka_unit_test_teardown(ten_thousand_workers_and_none_are_survived,
                                  shut),
        cmocka_unit_test_teardown(a_reference_that_is_no_number_is_refused,
                                  shut),
        cmocka_unit_test_teardown(the_view_tells_what_is_not_known, shut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
