/* Who looks before sleeping finds what is there, and does not look for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "sdk/base/brisk.h"

/* Comes with the n-th look. */
struct late {
    int looks;
    int due;
};

static bool is_there(const void *what)
{
    struct late *l = (struct late *)what;

    return ++l->looks >= l->due;
}

static void who_found_the_last_wait_long_does_not_look(void **state)
{
    struct fw_brisk b = {.on = false};
    struct late l = {.due = 1};

    (void)state;
    assert_false(fw_brisk_look(&b, is_there, &l, NULL));
    assert_int_equal(l.looks, 0);
}

static void what_comes_soon_is_found(void **state)
{
    struct fw_brisk b = {.on = true};
    struct late l = {.due = 50};

    (void)state;
    assert_true(fw_brisk_look(&b, is_there, &l, NULL));
    assert_int_equal(l.looks, l.due);
}

static void what_does_not_come_is_given_up(void **state)
{
    struct fw_brisk b = {.on = true};
    struct late l = {.due = INT32_MAX};

    (void)state;
    assert_false(fw_brisk_look(&b, is_there, &l, NULL));
    assert_true(l.looks > 0);
    l.looks = 0; /* nor is it looked for anew before it was found */
    assert_false(fw_brisk_look(&b, is_there, &l, NULL));
    assert_int_equal(l.looks, 0);
}

static void who_tries_by_itself_gives_up_too(void **state)
{
    struct fw_brisk long_ago = {.on = false};
    struct fw_brisk b = {.on = true, .hot = true};

    (void)state;
    assert_false(fw_brisk_again(&long_ago, true));
    for (int apart = 0; apart < 2; apart++) {
        assert_true(b.on);
        while (fw_brisk_again(&b, apart))
            continue;
        assert_true(b.since_us != 0);
        b.since_us -= 1000000; /* and slept for a second */
        fw_brisk_found(&b);
        assert_false(b.on);
        assert_false(b.hot);
        assert_int_equal(b.since_us, 0);
        fw_brisk_found(&b); /* nobody waited */
        assert_false(b.on);
        b.on = true;
    }
}

static void another_that_is_ready_ends_the_look(void **state)
{
    struct fw_brisk b = {.on = true};
    struct late l = {.due = INT32_MAX};
    struct pollfd also = {.fd = eventfd(1, EFD_CLOEXEC), .events = POLLIN};

    (void)state;
    assert_true(fw_brisk_look(&b, is_there, &l, &also));
    close(also.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_found_the_last_wait_long_does_not_look),
        cmocka_unit_test(what_comes_soon_is_found),
        cmocka_unit_test(what_does_not_come_is_given_up),
        cmocka_unit_test(who_tries_by_itself_gives_up_too),
        cmocka_unit_test(another_that_is_ready_ends_the_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
