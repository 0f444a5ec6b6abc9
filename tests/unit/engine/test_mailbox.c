/* Letters: order, limits, waits, shutting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "sdk/base/clock.h"
#include "server/engine/mailbox.h"

#define LIMIT   4
#define SENDERS 4
#define EACH    1000

static int set_up(void **state)
{
    struct fw_mailbox *m = calloc(1, sizeof(*m));

    if (!m || fw_mailbox_init(m, LIMIT) != FW_OK)
        return -1;
    *state = m;
    return 0;
}

static int tear_down(void **state)
{
    fw_mailbox_close(*state);
    free(*state);
    return 0;
}

static void letters_come_out_in_the_order_they_went_in(void **state)
{
    struct fw_mailbox *m = *state;
    struct fw_letter letters[3] = {0};
    struct fw_letter *l;
    bool shut = true;

    for (int i = 0; i < 3; i++)
        assert_int_equal(fw_mailbox_post(m, &letters[i]), FW_OK);
    l = fw_mailbox_take_all(m, -1, &shut);
    assert_false(shut);
    for (int i = 0; i < 3; i++, l = l->next)
        assert_ptr_equal(l, &letters[i]);
    assert_null(l);
}

static void a_full_box_refuses_and_takes_again_when_emptied(void **state)
{
    struct fw_mailbox *m = *state;
    struct fw_letter letters[LIMIT + 1] = {0};
    bool shut;

    for (int i = 0; i < LIMIT; i++)
        assert_int_equal(fw_mailbox_post(m, &letters[i]), FW_OK);
    assert_int_equal(fw_mailbox_post(m, &letters[LIMIT]), FW_BUSY);
    assert_non_null(fw_mailbox_take_all(m, 0, &shut));
    assert_int_equal(fw_mailbox_post(m, &letters[LIMIT]), FW_OK);
}

static void an_empty_box_is_waited_for_no_longer_than_asked(void **state)
{
    int64_t from_ms = fw_clock_mono_ms();
    bool shut;

    assert_null(fw_mailbox_take_all(*state, 20, &shut));
    assert_false(shut);
    assert_in_range(fw_clock_mono_ms() - from_ms, 19, 5000);
}

static void a_shut_box_refuses_but_gives_out_what_it_has(void **state)
{
    struct fw_mailbox *m = *state;
    struct fw_letter in = {0};
    struct fw_letter late = {0};
    bool shut = false;

    assert_int_equal(fw_mailbox_post(m, &in), FW_OK);
    fw_mailbox_shut(m);
    assert_int_equal(fw_mailbox_post(m, &late), FW_CLOSED);
    assert_ptr_equal(fw_mailbox_take_all(m, -1, &shut), &in);
    assert_true(shut);
    assert_null(fw_mailbox_take_all(m, -1, &shut)); /* and does not wait */
}

static void *send_many(void *arg)
{
    struct fw_mailbox *m = arg;

    for (int sent = 0; sent < EACH;) {
        struct fw_letter *l = calloc(1, sizeof(*l));

        while (l && fw_mailbox_post(m, l) == FW_BUSY)
            sched_yield();
        sent += l != NULL;
    }
    return NULL;
}

static void no_letter_of_many_senders_is_lost(void **state)
{
    struct fw_mailbox *m = *state;
    pthread_t senders[SENDERS];
    int n = 0;

    for (int i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&senders[i], NULL, send_many, m), 0);
    while (n < SENDERS * EACH) {
        bool shut;
        struct fw_letter *l = fw_mailbox_take_all(m, -1, &shut);

        while (l) {
            struct fw_letter *next = l->next;

            free(l);
            l = next;
            n++;
        }
    }
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i], NULL);
    assert_int_equal(n, SENDERS * EACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            letters_come_out_in_the_order_they_went_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_full_box_refuses_and_takes_again_when_emptied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_empty_box_is_waited_for_no_longer_than_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_shut_box_refuses_but_gives_out_what_it_has, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_letter_of_many_senders_is_lost,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
