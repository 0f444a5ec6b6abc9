/* Probes are asked for at once from a new cluster, then ever more rarely. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/momentum/prober.h"

static void nobody_is_asked_alone_or_when_probes_are_off(void **state)
{
    struct fw_prober p;

    (void)state;
    fw_prober_init(&p, 100);
    assert_false(fw_prober_ask(&p, 1, 0));
    assert_false(fw_prober_awaits(&p, 1));
    fw_prober_init(&p, 0);
    assert_false(fw_prober_ask(&p, 8, 0));
    assert_false(fw_prober_awaits(&p, 8));
}

static void probes_cost_about_one_gradient_in_a_hundred(void **state)
{
    struct fw_prober p;
    unsigned first = 0;

    (void)state;
    fw_prober_init(&p, 100);
    for (uint64_t v = 0; v < 4; v++)
        first += fw_prober_ask(&p, 8, v);
    assert_int_equal(first, 4);
    for (uint64_t v = 4; v < 750; v++)
        (void)fw_prober_ask(&p, 8, v);
    assert_true(p.asked <= 15); /* 2 % of 750 */
    for (uint64_t v = 750; v < 10000; v++)
        (void)fw_prober_ask(&p, 8, v);
    assert_in_range(p.asked, 95, 115);
}

static void a_change_of_members_is_looked_at_soon(void **state)
{
    struct fw_prober p;

    (void)state;
    fw_prober_init(&p, 100);
    for (uint64_t v = 0; v < 1000; v++)
        (void)fw_prober_ask(&p, 8, v);
    assert_false(fw_prober_ask(&p, 9, 1000));
    for (int i = 0; i < 30; i++)
        fw_prober_hurry(&p, 1000);
    assert_false(fw_prober_ask(&p, 9, 1007));
    assert_true(fw_prober_ask(&p, 9, 1008));
    assert_false(fw_prober_ask(&p, 9, 1009));
}

static void workers_that_cannot_probe_are_not_waited_for(void **state)
{
    struct fw_prober p;

    (void)state;
    fw_prober_init(&p, 100);
    assert_true(fw_prober_awaits(&p, 4));
    for (uint64_t v = 0; v < 1000; v++)
        (void)fw_prober_ask(&p, 4, v);
    assert_false(fw_prober_awaits(&p, 4));
    fw_prober_init(&p, 100);
    (void)fw_prober_ask(&p, 4, 0);
    fw_prober_answer(&p);
    assert_false(fw_prober_awaits(&p, 4)); /* it is known now */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_asked_alone_or_when_probes_are_off),
        cmocka_unit_test(probes_cost_about_one_gradient_in_a_hundred),
        cmocka_unit_test(a_change_of_members_is_looked_at_soon),
        cmocka_unit_test(workers_that_cannot_probe_are_not_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
