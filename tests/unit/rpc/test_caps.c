/* How many connections come in. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/rpc/caps.h"

static struct in6_addr peer(const char *text)
{
    struct in6_addr a;

    assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
    return a;
}

static void the_sum_and_each_stranger_have_a_cap(void **state)
{
    const struct in6_addr here = peer("::ffff:127.0.0.1");
    const struct in6_addr one = peer("::ffff:10.0.0.1");
    const struct in6_addr two = peer("fe80::2");
    struct fw_caps c;

    (void)state;
    fw_caps_open(&c, 6, 2);
    assert_null(fw_caps_enter(&c, &one));
    assert_null(fw_caps_enter(&c, &one));
    assert_string_equal(fw_caps_enter(&c, &one), "too_many_of_one_peer");
    assert_null(fw_caps_enter(&c, &two));
    for (int i = 0; i < 3; i++)
        assert_null(fw_caps_enter(&c, &here));
    assert_string_equal(fw_caps_enter(&c, &here), "too_many_connections");
    assert_int_equal(fw_caps_count(&c), 6);
    fw_caps_leave(&c, &one);
    assert_null(fw_caps_enter(&c, &one));
    fw_caps_close(&c); /* with peers that did not leave */
}

static void who_left_is_forgotten(void **state)
{
    struct fw_caps c;
    char text[64];

    (void)state;
    fw_caps_open(&c, 2, 1);
    for (int i = 0; i < 5000; i++) {
        struct in6_addr p;

        snprintf(text, sizeof(text), "2001:db8::%x", i);
        p = peer(text);
        assert_null(fw_caps_enter(&c, &p));
        fw_caps_leave(&c, &p);
    }
    for (size_t i = 0; i < FW_CAPS_BUCKETS; i++)
        assert_true(fw_list_empty(&c.buckets[i]));
    fw_caps_close(&c);
}

static void addresses_of_every_family_are_known(void **state)
{
    struct sockaddr_storage from = {.ss_family = AF_UNIX};
    struct in6_addr got;
    struct in6_addr want = peer("::1");

    (void)state;
    fw_caps_peer(&from, &got);
    assert_memory_equal(&got, &want, sizeof(got));
    from.ss_family = AF_INET;
    ((struct sockaddr_in *)&from)->sin_addr.s_addr = htonl(0x0a000001);
    want = peer("::ffff:10.0.0.1");
    fw_caps_peer(&from, &got);
    assert_memory_equal(&got, &want, sizeof(got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_and_each_stranger_have_a_cap),
        cmocka_unit_test(who_left_is_forgotten),
        cmocka_unit_test(addresses_of_every_family_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
