/* In how many groups workers step. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "server/momentum/choice.h"

/* The small MNIST network: h about 3, the reference .9 and .03. */
static struct fw_choice_input cluster(uint32_t workers, double ratio)
{
    return (struct fw_choice_input){.workers = workers,
                                    .now = workers,
                                    .service_ratio = ratio,
                                    .curvature = 3.0,
                                    .reference_momentum = 0.9,
                                    .reference_rate = 0.03};
}

static void equal_machines_step_in_a_few_groups(void **state)
{
    struct fw_choice c;

    (void)state;
    for (uint32_t m = 8; m <= 32; m *= 2) {
        struct fw_choice_input in = cluster(m, 0.0);

        fw_choice_make(&in, &c);
        assert_true(c.ok);
        assert_in_range(c.groups, 2, 4);
        assert_true(c.gain >= 1.1);
    }
}

static void scattered_service_times_stay_asynchronous(void **state)
{
    struct fw_choice c;

    (void)state;
    for (uint32_t m = 2; m <= 64; m *= 2) {
        struct fw_choice_input in = cluster(m, 1.0);

        fw_choice_make(&in, &c);
        assert_true(c.ok);
        assert_int_equal(c.groups, m);
        assert_true(c.gain == 1.0);
    }
}

static void what_is_in_force_stays_unless_another_is_better_by_a_tenth(
    void **state)
{
    struct fw_choice c;

    (void)state;
    for (uint32_t now = 1; now <= 16; now *= 2) {
        struct fw_choice_input in = cluster(16, 0.3);

        in.now = now;
        fw_choice_make(&in, &c);
        assert_true(c.ok);
        if (c.groups != now)
            assert_true(c.gain >= 1.1);
    }
}

static void the_same_cluster_gets_the_same_choice(void **state)
{
    struct fw_choice_input in = cluster(24, 0.5);
    struct fw_choice a;
    struct fw_choice b;

    (void)state;
    fw_choice_make(&in, &a);
    fw_choice_make(&in, &b);
    assert_int_equal(a.groups, b.groups);
    assert_memory_equal(a.progress, b.progress, a.n * sizeof(*a.progress));
}

static void a_slow_worker_adds_a_few_updates_of_its_own(void **state)
{
    struct fw_choice_input in = cluster(8, 0.0);
    struct fw_choice without;
    struct fw_choice with;

    (void)state;
    fw_choice_make(&in, &without);
    in.slow = 1;
    in.slow_ratio = 10.0;
    fw_choice_make(&in, &with);
    assert_true(without.ok && with.ok);
    assert_int_equal(with.n, without.n);
    for (uint32_t i = 0; i < with.n; i++) {
        assert_true(with.progress[i] > without.progress[i]);
        assert_true(with.progress[i] < 1.2 * without.progress[i]);
    }
}

static void what_makes_no_sense_is_not_ok(void **state)
{
    struct fw_choice_input bad[] = {
        cluster(0, 0.0), cluster(8, NAN), cluster(8, -1.0), cluster(8, 0.0),
        cluster(8, 0.0), cluster(8, 0.0), cluster(8, 0.0),
    };
    struct fw_choice c;

    (void)state;
    bad[3].curvature = 0.0;
    bad[4].curvature = NAN;
    bad[5].reference_momentum = 1.0;
    bad[6].slow = 1;
    bad[6].slow_ratio = INFINITY;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        fw_choice_make(&bad[i], &c);
        assert_false(c.ok);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_machines_step_in_a_few_groups),
        cmocka_unit_test(scattered_service_times_stay_asynchronous),
        cmocka_unit_test(
            what_is_in_force_stays_unless_another_is_better_by_a_tenth),
        cmocka_unit_test(the_same_cluster_gets_the_same_choice),
        cmocka_unit_test(a_slow_worker_adds_a_few_updates_of_its_own),
        cmocka_unit_test(what_makes_no_sense_is_not_ok),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
