/* What the first bytes of a connection say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/rpc/knock.h"

#define HELLO "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
/* SETTINGS with one setting of six bytes */
#define SETTINGS "\0\0\6\4\0\0\0\0\0\0\3\0\0\0\144"

static enum fw_knock judge(const char *data, size_t n)
{
    return fw_knock_judge((const uint8_t *)data, n);
}

static void preface_and_settings_must_be_whole(void **state)
{
    static const char all[] = HELLO SETTINGS;
    const size_t n = sizeof(all) - 1;

    (void)state;
    for (size_t i = 1; i < n; i++)
        assert_int_equal(judge(all, i), FW_KNOCK_WAIT);
    assert_int_equal(judge(all, n), FW_KNOCK_HTTP2);
    assert_int_equal(judge(HELLO "\0\0\0\4\0\0\0\0\0", n - 6), FW_KNOCK_HTTP2);
}

static void other_languages_are_known_by_their_first_bytes(void **state)
{
    (void)state;
    assert_int_equal(judge("GET / HTTP/1.1", 3), FW_KNOCK_STRANGE);
    assert_int_equal(judge("\x16\x03\x01", 1), FW_KNOCK_STRANGE);
    assert_int_equal(judge("PRI * HTTP/2.1", 14), FW_KNOCK_STRANGE);
}

static void a_first_frame_that_is_no_settings_is_refused(void **state)
{
    static const char ping[] = HELLO "\0\0\10\6\0\0\0\0\0";
    static const char vast[] = HELLO "\0\100\0\4\0\0\0\0\0";

    (void)state;
    assert_int_equal(judge(ping, sizeof(ping) - 1), FW_KNOCK_STRANGE);
    assert_int_equal(judge(vast, sizeof(vast) - 1), FW_KNOCK_STRANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(preface_and_settings_must_be_whole),
        cmocka_unit_test(other_languages_are_known_by_their_first_bytes),
        cmocka_unit_test(a_first_frame_that_is_no_settings_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
