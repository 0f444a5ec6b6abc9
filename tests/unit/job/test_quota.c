/* Rates slow takers down to what they may have, in order; memory is granted at
 * the beginning or never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/job/params.h"
#include "tests/unit/job/fixture.h"

#define SECOND_US 1000000
#define START_US  (7 * (int64_t)SECOND_US)

static void a_bucket_without_a_rate_never_waits(void **state)
{
    struct fw_bucket b = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(fw_bucket_take(&b, 1e18, START_US), 0);
}

/* One taker that waits as it is told takes `rate` a second. */
static void a_taker_gets_the_rate_and_a_burst_at_most(void **state)
{
    static const double rates[] = {0.5, 10.0, 3333.0};

    (void)state;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        struct fw_bucket b = {.rate = rates[i]};
        int64_t now_us = START_US;
        double taken = 0.0;

        while (now_us < START_US + 100 * SECOND_US) {
            now_us += fw_bucket_take(&b, 1.0, now_us);
            taken += 1.0;
        }
        assert_true(taken >= 100.0 * rates[i]);
        assert_true(taken <= 100.2 * rates[i] + 1.0);
    }
}

static void a_late_sleeper_loses_nothing_within_the_burst(void **state)
{
    struct fw_bucket b = {.rate = 1000.0};
    int64_t now_us = START_US;
    int taken = 0;

    (void)state;
    while (now_us < START_US + 10 * SECOND_US) {
        int64_t wait_us = fw_bucket_take(&b, 1.0, now_us);

        taken++;
        if (wait_us) /* up to 50 ms too long, as the server's tick makes it */
            now_us += wait_us + taken % 5 * 10000;
    }
    assert_in_range(taken, 9990, 10250);
}

static void takers_stand_in_line_and_each_waits_once(void **state)
{
    struct fw_bucket b = {.rate = 10.0};
    int64_t before_us = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        int64_t wait_us = fw_bucket_take(&b, 1.0, START_US);

        if (i > 2)
            assert_int_equal(wait_us, before_us + SECOND_US / 10);
        before_us = wait_us;
    }
    assert_int_equal(fw_bucket_wait(&b, START_US), before_us);
    assert_int_equal(fw_bucket_wait(&b, START_US + before_us), 0);
}

static void rest_is_no_credit(void **state)
{
    struct fw_bucket b = {.rate = 1.0};

    (void)state;
    (void)fw_bucket_take(&b, 1.0, START_US);
    assert_int_equal(fw_bucket_take(&b, 1.0, START_US + 3600LL * SECOND_US),
                     SECOND_US - FW_BUCKET_BURST_US);
}

static void absurd_amounts_wait_but_do_not_overflow(void **state)
{
    struct fw_bucket b = {.rate = 1e-30};

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_true(fw_bucket_take(&b, 1e30, START_US) > 0);
}

static void the_slower_of_both_rates_counts(void **state)
{
    struct fw_limits_spec limits = {.quota = {0, 1000, 10.0}};
    struct fw_quota_status told;
    struct fw_quota q;
    bool refused;

    (void)state;
    fw_quota_init(&q, &limits);
    assert_true(fw_quota_paces(&q));
    assert_int_equal(fw_quota_take(&q, 1, 1000, START_US), 800000);
    assert_int_equal(fw_quota_take(&q, 12, 0, START_US), 1100000);
    fw_quota_tell(&q, &told);
    assert_int_equal(told.waits, 2);
    assert_true(told.waited_seconds == 1.9);
    assert_int_equal(fw_quota_try(&q, 500, 700000, START_US, &refused), 800000);
    assert_true(refused);
    assert_int_equal(fw_quota_try(&q, 500, 800000, START_US, &refused), 800000);
    assert_false(refused);
    assert_int_equal(fw_quota_try(&q, 500, 0, START_US, &refused), 1300000);
    assert_true(refused);
    fw_quota_close(&q);
}

static void a_job_gets_the_lesser_of_what_it_asks_and_the_server_gives(void **s)
{
    struct fw_limits_spec limits = {.quota = {100, 0, 5.0},
                                    .caps = {0, 200, 3.0}};
    struct fw_quota_spec got = fw_quota_least(&limits);

    (void)s;
    assert_int_equal(got.memory_bytes, 100);
    assert_int_equal(got.bytes_per_second, 200);
    assert_true(got.gradients_per_second == 3.0);
    limits.quota.gradients_per_second = 0.0;
    assert_true(fw_quota_least(&limits).gradients_per_second == 3.0);
    limits.caps.gradients_per_second = 0.0;
    assert_true(fw_quota_least(&limits).gradients_per_second == 0.0);
}

static void assert_exceeded(const struct fw_limits_spec *limits,
                            const char *figure, const char *mend)
{
    struct fw_err err;

    assert_int_equal(fw_quota_check(limits, 1000000, &err), FW_BUSY);
    assert_string_equal(err.reason, "QUOTA_EXCEEDED");
    assert_non_null(strstr(err.text, figure));
    assert_non_null(strstr(err.text, mend));
}

static void too_much_is_refused_with_its_figure_and_the_mend(void **state)
{
    struct fw_limits_spec limits = {.quota = {.memory_bytes = 15 << 20}};

    (void)state;
    assert_exceeded(&limits, "17048576", "limits.memory_bytes of the job");
    limits = (struct fw_limits_spec){.caps = {.memory_bytes = 15 << 20}};
    assert_exceeded(&limits, "15728640", "limits.job_memory_mb of the server");
    limits = (struct fw_limits_spec){.quota = {.memory_bytes = 18 << 20},
                                     .caps = {.memory_bytes = 17 << 20}};
    assert_exceeded(&limits, "18874368", "raise limits.job_memory_mb");
    limits = (struct fw_limits_spec){.quota = {.bytes_per_second = 6},
                                     .caps = {.bytes_per_second = 5}};
    assert_exceeded(&limits, "6", "limits.job_mb_per_second");
    limits = (struct fw_limits_spec){.quota = {.gradients_per_second = 6.5},
                                     .caps = {.gradients_per_second = 5}};
    assert_exceeded(&limits, "6.5", "limits.job_gradients_per_second");
    limits.quota.gradients_per_second = 5;
    assert_int_equal(fw_quota_check(&limits, 1000000, NULL), FW_OK);
}

/* Versions, gradients and twice the momentum stay below what was granted. */
static void a_pool_leaves_room_for_the_momentum(void **state)
{
    struct fw_limits_spec limits = {.quota = {.memory_bytes = 20000000}};

    (void)state;
    assert_int_equal(fw_quota_pool_bytes(&limits, 1000000, 1 << 30), 12000000);
    assert_int_equal(fw_quota_pool_bytes(&limits, 1000000, 5000000), 5000000);
    limits.quota.memory_bytes = 0;
    assert_int_equal(fw_quota_pool_bytes(&limits, 1000000, 1 << 30), 1 << 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_without_a_rate_never_waits),
        cmocka_unit_test(a_taker_gets_the_rate_and_a_burst_at_most),
        cmocka_unit_test(a_late_sleeper_loses_nothing_within_the_burst),
        cmocka_unit_test(takers_stand_in_line_and_each_waits_once),
        cmocka_unit_test(rest_is_no_credit),
        cmocka_unit_test(absurd_amounts_wait_but_do_not_overflow),
        cmocka_unit_test(the_slower_of_both_rates_counts),
        cmocka_unit_test(
            a_job_gets_the_lesser_of_what_it_asks_and_the_server_gives),
        cmocka_unit_test(too_much_is_refused_with_its_figure_and_the_mend),
        cmocka_unit_test(a_pool_leaves_room_for_the_momentum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
