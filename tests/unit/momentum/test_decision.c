/* The last 1,024 decisions are kept, numbered and can be walked. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/momentum/decision.h"

static void decisions_are_walked_after_an_index_oldest_first(void **state)
{
    struct fw_decision_log l;
    const struct fw_decision *d;
    uint64_t after = 1500;
    uint64_t n = 0;

    (void)state;
    assert_int_equal(fw_decision_log_init(&l), FW_OK);
    assert_null(fw_decision_log_last(&l));
    assert_null(fw_decision_log_after(&l, 0));
    for (uint64_t i = 1; i <= 2000; i++)
        fw_decision_log_add(&l, &(struct fw_decision){.version = i * 10});
    assert_int_equal(fw_decision_log_after(&l, 0)->index, 977);
    assert_int_equal(fw_decision_log_last(&l)->index, 2000);
    while ((d = fw_decision_log_after(&l, after))) {
        assert_int_equal(d->index, after + 1);
        assert_int_equal(d->version, d->index * 10);
        after = d->index;
        n++;
    }
    assert_int_equal(n, 500);
    assert_null(fw_decision_log_after(&l, UINT64_MAX));
    fw_decision_log_close(&l);
    fw_decision_log_close(&l);
}

/* Whoever asks after a number that an earlier server gave goes on from it. */
static void numbers_go_on_behind_those_of_an_earlier_server(void **state)
{
    const struct fw_decision old[] = {{.index = 1998, .version = 7},
                                      {.index = 1999, .version = 8}};
    struct fw_decision_log l;

    (void)state;
    assert_int_equal(fw_decision_log_init(&l), FW_OK);
    fw_decision_log_add(&l, &(struct fw_decision){.version = 1});
    fw_decision_log_inherit(&l, old, 2);
    fw_decision_log_add(&l, &(struct fw_decision){.version = 9});
    assert_int_equal(l.inherited, 1999);
    assert_int_equal(fw_decision_log_after(&l, 0)->index, 1998);
    assert_int_equal(fw_decision_log_after(&l, 0)->version, 7);
    assert_int_equal(fw_decision_log_after(&l, 1999)->version, 9);
    assert_int_equal(fw_decision_log_last(&l)->index, 2000);
    fw_decision_log_close(&l);
}

/* Databases of older servers: each of those counted from 1. */
static void numbers_that_began_anew_are_counted_on(void **state)
{
    const struct fw_decision old[] = {{.index = 40}, {.index = 1}};
    struct fw_decision_log l;

    (void)state;
    assert_int_equal(fw_decision_log_init(&l), FW_OK);
    fw_decision_log_inherit(&l, old, 2);
    assert_int_equal(fw_decision_log_after(&l, 0)->index, 1);
    assert_int_equal(fw_decision_log_last(&l)->index, 2);
    fw_decision_log_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions_are_walked_after_an_index_oldest_first),
        cmocka_unit_test(numbers_go_on_behind_those_of_an_earlier_server),
        cmocka_unit_test(numbers_that_began_anew_are_counted_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
