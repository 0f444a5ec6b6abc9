#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "server/rpc/patience.h"

#define BORN 700

static const struct fw_deadlines D = {.handshake_ms = 3000,
                                      .first_call_ms = 5000,
                                      .progress_ms = 10000,
                                      .progress_bytes = 10240};

static void who_greets_has_longer_to_name_a_stream(void **state)
{
    struct fw_patience p = {.born_ms = BORN};

    (void)state;
    assert_int_equal(fw_patience_left(&p, &D, FW_STAGE_HELLO, BORN), 3000);
    assert_int_equal(fw_patience_left(&p, &D, FW_STAGE_HELLO, BORN + 2999), 1);
    assert_int_equal(fw_patience_left(&p, &D, FW_STAGE_HELLO, BORN + 9000), 0);
    assert_int_equal(fw_patience_left(&p, &D, FW_STAGE_FIRST, BORN + 3000),
                     2000);
    assert_int_equal(fw_patience_left(&p, &D, FW_STAGE_FIRST, BORN + 5000), 0);
}

/* Bytes a second of one long message, a byte at a time or more: when is it
 * over? */
static int64_t over_after_ms(uint64_t rate)
{
    struct fw_patience p = {.born_ms = BORN};

    for (int64_t t = 0; t < 60000; t += 250) {
        p.came = rate * (uint64_t)t / 1000;
        if (!fw_patience_left(&p, &D, FW_STAGE_WITHIN, BORN + t))
            return t;
    }
    return -1;
}

static void a_drip_is_over_and_a_slow_link_is_not(void **state)
{
    (void)state;
    assert_int_equal(over_after_ms(1), D.progress_ms);
    assert_int_equal(over_after_ms(900), D.progress_ms);
    assert_int_equal(over_after_ms(1100), -1);
}

static void silence_between_messages_is_nobodys_fault(void **state)
{
    struct fw_patience p = {.born_ms = BORN};

    (void)state;
    for (int64_t t = 0; t < 3600000; t += 1000)
        assert_int_equal(fw_patience_left(&p, &D, FW_STAGE_BETWEEN, BORN + t),
                         INT_MAX);
    assert_int_equal(fw_patience_left(&p, &D, FW_STAGE_WITHIN, 3600000), 10000);
    assert_int_equal(fw_patience_left(&p, &D, FW_STAGE_WITHIN, 3600000 + 9999),
                     1);
    assert_int_equal(fw_patience_left(&p, &D, FW_STAGE_WITHIN, 3600000 + 10000),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_greets_has_longer_to_name_a_stream),
        cmocka_unit_test(a_drip_is_over_and_a_slow_link_is_not),
        cmocka_unit_test(silence_between_messages_is_nobodys_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
