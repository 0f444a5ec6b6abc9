/* A request's head is read whatever the pieces it comes in, and refused by
 * name if it is not one that may be served. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/http/request.h"

static const char GOOD[] = "GET /a/b?x=1&name=a%2Bb HTTP/1.1\r\n"
                           "Host: localhost:7071\r\n"
                           "User-Agent: a very long name that nobody reads\r\n"
                           "Accept:\r\n"
                           "Authorization: Bearer secret\r\n\r\n";

/* Feed in pieces of `step` bytes until it is complete; the bytes used. */
static size_t feed(struct fw_request *r, const char *text, size_t n,
                   size_t step)
{
    size_t used = 0;

    fw_request_begin(r);
    while (used < n && !r->complete)
        used +=
            fw_request_feed(r, text + used, n - used < step ? n - used : step);
    return used;
}

static void a_head_is_read_in_pieces_of_any_size(void **state)
{
    (void)state;
    for (size_t step = 1; step < sizeof(GOOD); step++) {
        struct fw_request r;

        assert_int_equal(feed(&r, GOOD, strlen(GOOD), step), strlen(GOOD));
        assert_true(r.complete);
        assert_int_equal(r.refusal, 0);
        assert_string_equal(r.path, "/a/b");
        assert_string_equal(r.query, "x=1&name=a%2Bb");
        assert_string_equal(r.header[FW_HEADER_HOST], "localhost:7071");
        assert_string_equal(r.header[FW_HEADER_AUTHORIZATION], "Bearer secret");
        assert_string_equal(r.header[FW_HEADER_ACCEPT], "");
        assert_true(r.keep);
        assert_false(r.head_only);
    }
}

static void what_comes_behind_a_head_is_not_its_own(void **state)
{
    char two[2 * sizeof(GOOD)];
    struct fw_request r;

    (void)state;
    snprintf(two, sizeof(two), "%s%s", GOOD, GOOD);
    assert_int_equal(feed(&r, two, strlen(two), sizeof(two)), strlen(GOOD));
    assert_true(r.complete);
    assert_int_equal(r.refusal, 0);
}

static void each_refusal_has_its_status(void **state)
{
    static const struct {
        const char *text;
        unsigned status;
    } bad[] = {
        {"POST / HTTP/1.1\r\n\r\n", 405},
        {"DELETE / HTTP/1.1\r\n\r\n", 405},
        {"GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\n", 413},
        {"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 413},
        {"GET http://x/ HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nAuthorization: a\r\nauthorization: b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nBad(Name): a\r\n\r\n", 400},
        {"\x16\x03\x01\x02", 400}, /* TLS */
        {"NONSENSE / HTTP/1.1\r\n\r\n", 400},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (size_t step = 1; step < 64; step += 7) {
            struct fw_request r;

            feed(&r, bad[i].text, strlen(bad[i].text), step);
            assert_true(r.complete);
            assert_int_equal(r.refusal, bad[i].status);
            assert_false(r.refusal == 400 && r.keep);
        }
    }
}

static void a_head_without_end_is_refused(void **state)
{
    static const char line[] = "X-Header: value\r\n";
    struct fw_request r;
    size_t fed = 0;

    (void)state;
    fw_request_begin(&r);
    fw_request_feed(&r, "GET / HTTP/1.1\r\n", strlen("GET / HTTP/1.1\r\n"));
    while (!r.complete && fed < 2 * FW_HEAD_MAX) {
        fw_request_feed(&r, line, strlen(line));
        fed += strlen(line);
    }
    assert_int_equal(r.refusal, 431);
    assert_true(fed <= FW_HEAD_MAX);
}

static void a_name_too_long_to_be_ours_is_not_taken_for_ours(void **state)
{
    static const char text[] =
        "GET / HTTP/1.1\r\n"
        "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXhost: evil\r\n\r\n";
    struct fw_request r;

    (void)state;
    for (size_t step = 1; step < sizeof(text); step++) {
        feed(&r, text, strlen(text), step);
        assert_true(r.complete);
        assert_false(r.seen[FW_HEADER_HOST]);
    }
}

static void queries_are_decoded_or_not_taken(void **state)
{
    struct fw_request r;
    char text[8];
    char one[2];

    (void)state;
    feed(&r,
         "GET /?a=1.5&bb=2&c=%41%2f&d=%4&e=%zz&f=%00&g=&a=9 HTTP/1.1\r\n\r\n",
         69, 69);
    assert_true(fw_request_number(&r, "a", 0.0) == 1.5);
    assert_true(fw_request_number(&r, "b", -1.0) == -1.0);
    assert_true(fw_request_number(&r, "g", -1.0) == -1.0);
    assert_true(fw_request_number(&r, "c", -1.0) == -1.0);
    assert_true(fw_request_query(&r, "c", text, sizeof(text)));
    assert_string_equal(text, "A/");
    assert_false(fw_request_query(&r, "c", one, sizeof(one)));
    assert_false(fw_request_query(&r, "d", text, sizeof(text)));
    assert_false(fw_request_query(&r, "e", text, sizeof(text)));
    assert_false(fw_request_query(&r, "f", text, sizeof(text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_read_in_pieces_of_any_size),
        cmocka_unit_test(what_comes_behind_a_head_is_not_its_own),
        cmocka_unit_test(each_refusal_has_its_status),
        cmocka_unit_test(a_head_without_end_is_refused),
        cmocka_unit_test(a_name_too_long_to_be_ours_is_not_taken_for_ours),
        cmocka_unit_test(queries_are_decoded_or_not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
