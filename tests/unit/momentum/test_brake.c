/* The brake hears a loss that rises, not one that scatters. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sdk/base/random.h"
#include "server/momentum/brake.h"

static void a_falling_noisy_loss_is_silence(void **state)
{
    struct fw_random r;
    struct fw_brake b;

    (void)state;
    fw_random_init(&r, 1);
    fw_brake_init(&b);
    for (int i = 0; i < 3000; i++) {
        double loss = 2.3 * exp(-i / 500.0) + 0.1;

        assert_false(
            fw_brake_add(&b, loss * (1.0 + 0.3 * fw_random_normal(&r)), 8.0));
    }
}

static void a_loss_that_doubles_is_heard_once_and_then_waited_for(void **state)
{
    struct fw_brake b;
    int after = 0;

    (void)state;
    fw_brake_init(&b);
    for (int i = 0; i < 100; i++)
        assert_false(fw_brake_add(&b, 1.0, 8.0));
    while (!fw_brake_add(&b, 4.0, 8.0))
        assert_true(++after < 10);
    for (int i = 0; i < 36; i++)
        assert_false(fw_brake_add(&b, 4.0 + 0.1 * i, 8.0));
    assert_int_equal(b.alarms, 1);
}

/* A step beyond what is stable: each update multiplies the loss. */
static void a_loss_that_runs_away_is_not_waited_for(void **state)
{
    struct fw_brake b;
    double loss = 1.0;
    unsigned alarms = 0;

    (void)state;
    fw_brake_init(&b);
    for (int i = 0; i < 100; i++)
        assert_int_equal(fw_brake_add(&b, loss, 1.0), FW_ALARM_NONE);
    for (int i = 0; i < 30; i++) {
        loss *= 1.5;
        alarms += fw_brake_add(&b, loss, 1.0) == FW_ALARM_RUNS_AWAY;
        if (loss < 30.0)
            assert_int_equal(alarms, 0);
        if (loss > 200.0)
            assert_true(alarms > 0);
    }
    assert_in_range(alarms, 2, 4);
    /* one bad batch is none */
    fw_brake_init(&b);
    for (int i = 0; i < 300; i++)
        assert_int_not_equal(fw_brake_add(&b, i % 50 ? 1.0 : 80.0, 1.0),
                             FW_ALARM_RUNS_AWAY);
}

static void nonsense_and_losses_below_zero_are_silence(void **state)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, -5.0, 100.0, 0.0};
    struct fw_brake b;

    (void)state;
    fw_brake_init(&b);
    for (int i = 0; i < 600; i++)
        assert_false(fw_brake_add(&b, -1.0 + 1e-3 * odd[i % 6], NAN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_falling_noisy_loss_is_silence),
        cmocka_unit_test(a_loss_that_doubles_is_heard_once_and_then_waited_for),
        cmocka_unit_test(a_loss_that_runs_away_is_not_waited_for),
        cmocka_unit_test(nonsense_and_losses_below_zero_are_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
