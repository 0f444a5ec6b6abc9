/* Each law is its formula, and says what bound it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/momentum/laws.h"

static struct fw_controller_config config;
static struct fw_twin_result twin;
static struct fw_law_view view;

/* mu* = 0.9, alpha* = 0.01, hence s* = 0.1; a twin of 4 momenta. */
static int begin(void **state)
{
    static const double momenta[] = {0.0, 0.3, 0.6, 0.9};
    static const double limits[] = {1.10, 1.09, 0.95, 0.49};

    (void)state;
    config = (struct fw_controller_config){
        .law = FW_LAW_COUNT,
        .reference_momentum = 0.9,
        .reference_rate = 0.01,
        .policy = FW_STEP_KEEP_EFFECTIVE,
    };
    twin = (struct fw_twin_result){.ok = true, .workers = 4, .n_momenta = 4};
    memcpy(twin.momenta, momenta, sizeof(momenta));
    memcpy(twin.limits, limits, sizeof(limits));
    view = (struct fw_law_view){.law = FW_LAW_COUNT,
                                .config = &config,
                                .workers = 4,
                                .curvature = NAN,
                                .twin = &twin};
    return 0;
}

static double momentum_of(enum fw_law law, uint32_t workers)
{
    struct fw_law_choice m;

    view.law = law;
    view.workers = workers;
    fw_law_momentum(&view, &m);
    return m.value;
}

static double rate_of(enum fw_law law, double mu, char *binding)
{
    struct fw_law_choice r;

    view.law = law;
    fw_law_rate(&view, mu, &r);
    if (binding)
        strcpy(binding, r.binding);
    return r.value;
}

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-12;
}

static void count_takes_the_implicit_momentum_off_down_to_the_floor(
    void **state)
{
    (void)state;
    assert_true(near(momentum_of(FW_LAW_COUNT, 0), 0.9));
    assert_true(near(momentum_of(FW_LAW_COUNT, 1), 0.9));
    assert_true(near(momentum_of(FW_LAW_COUNT, 2), 0.4));
    assert_true(near(momentum_of(FW_LAW_COUNT, 4), 0.15));
    assert_true(momentum_of(FW_LAW_COUNT, 16) == 0.0);
    assert_true(momentum_of(FW_LAW_COUNT, 10000) == 0.0);
    config.allow_negative = true;
    view.floor = fw_law_floor(&config);
    assert_true(view.floor == -0.8);
    assert_true(near(momentum_of(FW_LAW_COUNT, 16), -0.0375));
}

static void a_negative_reference_is_its_own_floor(void **state)
{
    (void)state;
    config.reference_momentum = -0.2;
    view.floor = fw_law_floor(&config);
    assert_true(momentum_of(FW_LAW_COUNT, 8) == -0.2);
}

static void count_keeps_the_effective_step_or_the_rate(void **state)
{
    (void)state;
    assert_true(near(rate_of(FW_LAW_COUNT, 0.15, NULL), 0.085));
    config.policy = FW_STEP_KEEP_RATE;
    assert_true(near(rate_of(FW_LAW_COUNT, 0.15, NULL), 0.01));
}

static void one_worker_is_the_reference_under_every_law(void **state)
{
    (void)state;
    view.curvature = 1e6; /* the cap does not touch what was tuned */
    for (int law = FW_LAW_FIXED; law <= FW_LAW_CLOSED_LOOP; law++) {
        double mu = momentum_of((enum fw_law)law, 1);

        assert_true(mu == 0.9);
        assert_true(rate_of((enum fw_law)law, mu, NULL) == 0.01);
    }
}

static void margin_is_the_largest_momentum_within_2_percent(void **state)
{
    double m = momentum_of(FW_LAW_MARGIN, 4);

    (void)state;
    assert_true(m > 0.3 && m < 0.35);
    assert_true(fw_twin_limit(&twin, m) >= 0.98 * 1.10);
    assert_true(fw_twin_limit(&twin, m + 0.01) < 0.98 * 1.10);
}

static void margin_keeps_the_reference_that_delays_bear(void **state)
{
    (void)state;
    twin.limits[3] = 1.2;
    assert_true(near(momentum_of(FW_LAW_MARGIN, 4), 0.9));
}

static void margin_counts_until_the_twin_has_run(void **state)
{
    (void)state;
    view.twin = NULL;
    assert_true(near(momentum_of(FW_LAW_MARGIN, 4), 0.15));
}

static void margin_is_not_above_what_the_trace_leaves(void **state)
{
    (void)state;
    view.staleness = 3.0; /* 0.9 - 3/4, below s_c's 0.33 */
    assert_true(near(momentum_of(FW_LAW_MARGIN, 4), 0.15));
}

static void regular_delays_give_up_less_of_the_best_step(void **state)
{
    double loose;

    (void)state;
    view.staleness = 15.0;
    config.reference_momentum = 1.0 - 1e-9;
    twin.limits[0] = 1.0;
    twin.limits[1] = 0.995;
    twin.limits[2] = 0.97;
    config.allow_negative = false;
    view.staleness = 0.0;
    loose = momentum_of(FW_LAW_MARGIN, 4);
    view.regular = true;
    view.staleness = 15.0;
    assert_true(momentum_of(FW_LAW_MARGIN, 4) < loose);
}

static void an_awaited_curvature_is_guessed_from_the_reference(void **state)
{
    char binding[64];

    (void)state;
    view.awaits_curvature = true;
    assert_true(fw_law_bound(&view, 0.0) < INFINITY);
    assert_true(rate_of(FW_LAW_MARGIN, 0.0, binding) < 0.1);
    assert_string_equal(binding, "curvature is being measured");
}

static void an_unsettled_trace_is_taken_for_equal_machines(void **state)
{
    double settled;

    (void)state;
    view.curvature = 20.0;
    settled = fw_law_bound(&view, 0.0);
    view.unsettled = true;
    assert_true(
        near(fw_law_bound(&view, 0.0), 2.0 * sin(acos(-1.0) / 14.0) / 20.0));
    assert_true(fw_law_bound(&view, 0.0) < settled);
}

static void the_step_is_capped_by_curvature(void **state)
{
    char binding[64];

    (void)state;
    view.curvature = 20.0; /* stable 1.1/20 = 0.055, below s* = 0.1 */
    assert_true(near(rate_of(FW_LAW_MARGIN, 0.0, binding), 0.6 * 1.10 / 20.0));
    assert_string_equal(binding, "curvature");
    assert_true(near(rate_of(FW_LAW_STEP, 0.9, NULL), .6 * .49 / 20.0 * 0.1));
    view.curvature = 4.0;
    assert_true(near(rate_of(FW_LAW_MARGIN, 0.0, binding), 0.1));
    assert_string_equal(binding, "");
}

static void without_curvature_the_step_is_not_capped_and_says_so(void **state)
{
    static const double unknown[] = {NAN, 0.0, INFINITY, -1.0};
    char binding[64];

    (void)state;
    for (int i = 0; i < 4; i++) {
        view.curvature = unknown[i];
        assert_true(near(rate_of(FW_LAW_MARGIN, 0.15, binding), 0.085));
        assert_string_equal(binding, "no curvature: step not capped");
        assert_true(isnan(fw_law_bound(&view, 0.15)));
    }
}

static void closed_loop_trims_margin_within_floor_and_reference(void **state)
{
    double m = momentum_of(FW_LAW_MARGIN, 4);

    (void)state;
    view.trim = -0.1;
    assert_true(near(momentum_of(FW_LAW_CLOSED_LOOP, 4), m - 0.1));
    view.trim = -5.0;
    assert_true(momentum_of(FW_LAW_CLOSED_LOOP, 4) == 0.0);
    view.trim = 5.0;
    assert_true(momentum_of(FW_LAW_CLOSED_LOOP, 4) == 0.9);
    view.trim = NAN;
    assert_true(isfinite(momentum_of(FW_LAW_CLOSED_LOOP, 4)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            count_takes_the_implicit_momentum_off_down_to_the_floor, begin),
        cmocka_unit_test_setup(a_negative_reference_is_its_own_floor, begin),
        cmocka_unit_test_setup(count_keeps_the_effective_step_or_the_rate,
                               begin),
        cmocka_unit_test_setup(one_worker_is_the_reference_under_every_law,
                               begin),
        cmocka_unit_test_setup(margin_is_the_largest_momentum_within_2_percent,
                               begin),
        cmocka_unit_test_setup(margin_keeps_the_reference_that_delays_bear,
                               begin),
        cmocka_unit_test_setup(margin_counts_until_the_twin_has_run, begin),
        cmocka_unit_test_setup(margin_is_not_above_what_the_trace_leaves,
                               begin),
        cmocka_unit_test_setup(regular_delays_give_up_less_of_the_best_step,
                               begin),
        cmocka_unit_test_setup(
            an_awaited_curvature_is_guessed_from_the_reference, begin),
        cmocka_unit_test_setup(an_unsettled_trace_is_taken_for_equal_machines,
                               begin),
        cmocka_unit_test_setup(the_step_is_capped_by_curvature, begin),
        cmocka_unit_test_setup(
            without_curvature_the_step_is_not_capped_and_says_so, begin),
        cmocka_unit_test_setup(
            closed_loop_trims_margin_within_floor_and_reference, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
