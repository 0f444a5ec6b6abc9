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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions_are_walked_after_an_index_oldest_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
