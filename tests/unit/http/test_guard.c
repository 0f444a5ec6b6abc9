/* Only who names this server by its names and knows the token may ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/http/guard.h"

static const char TOKEN[] = "0123456789abcdef";

/* What a request with these headers is refused with; 0: nothing. */
static unsigned check(const struct fw_guard *g, bool is_open, const char *host,
                      const char *authorization)
{
    struct fw_request r;

    fw_request_begin(&r);
    snprintf(r.header[FW_HEADER_HOST], FW_HEADER_MAX, "%s", host);
    snprintf(r.header[FW_HEADER_AUTHORIZATION], FW_HEADER_MAX, "%s",
             authorization);
    fw_guard_check(g, is_open, &r);
    return r.refusal;
}

static void hosts_are_compared_whole(void **state)
{
    static const struct fw_admin_config config = {
        .hosts = {"box.example", "10.0.0.7"}, .n_hosts = 2};
    static const char *const good[] = {
        "localhost",  "localhost:7071", "127.0.0.1:1",      "[::1]",
        "[::1]:7071", "box.example",    "BOX.Example:7071", "10.0.0.7:80"};
    static const char *const bad[] = {"",
                                      "localhost.",
                                      "localhos",
                                      "localhost:",
                                      "[::1",
                                      "[::1]x",
                                      "[::1]:7071x",
                                      "::1",
                                      "box",
                                      "box.example.evil",
                                      "evil.box.example",
                                      "127.0.0.1:7 071",
                                      "127.0.0.1@",
                                      "box.example, localhost"};
    const struct fw_guard g = {.own = &config};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(check(&g, false, good[i], ""), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (check(&g, true, bad[i], "") != 400)
            fail_msg("'%s' is let pass", bad[i]);
    }
}

static void the_token_is_compared_whole(void **state)
{
    static const struct fw_admin_config config = {.n_hosts = 0};
    static const char *const bad[] = {"",
                                      "Bearer",
                                      "Bearer ",
                                      "Bearer 0123456789abcde",
                                      "Bearer 0123456789abcdef0",
                                      "Bearer 0123456789abcdef0123456789abcdef",
                                      "Bearer 1123456789abcdef",
                                      "Basic 0123456789abcdef",
                                      "0123456789abcdef"};
    struct fw_guard g = {.own = &config};

    (void)state;
    memcpy(g.token, TOKEN, sizeof(TOKEN));
    assert_int_equal(check(&g, false, "localhost", "Bearer 0123456789abcdef"),
                     0);
    assert_int_equal(check(&g, false, "localhost", "bearer  0123456789abcdef"),
                     0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(check(&g, false, "localhost", bad[i]), 401);
        assert_int_equal(check(&g, true, "localhost", bad[i]), 0);
    }
}

static void a_strange_host_is_refused_even_with_the_token(void **state)
{
    static const struct fw_admin_config config = {.n_hosts = 0};
    struct fw_guard g = {.own = &config};

    (void)state;
    memcpy(g.token, TOKEN, sizeof(TOKEN));
    assert_int_equal(
        check(&g, false, "evil.example", "Bearer 0123456789abcdef"), 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_compared_whole),
        cmocka_unit_test(the_token_is_compared_whole),
        cmocka_unit_test(a_strange_host_is_refused_even_with_the_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
