/* Explanations are terminated, prefixed and keep their reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/base/status.h"

static void every_status_has_its_own_phrase(void **state)
{
    (void)state;
    for (int a = FW_OK; a <= FW_INTERNAL; a++) {
        for (int b = FW_OK; b < a; b++)
            assert_string_not_equal(fw_status_text((fw_status)a),
                                    fw_status_text((fw_status)b));
    }
    assert_string_equal(fw_status_text((fw_status)999), "unknown status");
}

static void wrapping_prefixes_and_keeps_the_reason(void **state)
{
    struct fw_err err;

    (void)state;
    assert_int_equal(
        fw_err_reason(&err, FW_INVALID, "NON_FINITE", "element %d", 7),
        FW_INVALID);
    assert_int_equal(fw_err_wrap(&err, FW_INVALID, "gradient %d", 3),
                     FW_INVALID);
    assert_string_equal(err.text, "gradient 3: element 7");
    assert_string_equal(err.reason, "NON_FINITE");
}

static void setting_clears_an_older_reason(void **state)
{
    struct fw_err err;

    (void)state;
    assert_int_equal(fw_err_reason(&err, FW_BUSY, "OVERLOADED", "full"),
                     FW_BUSY);
    assert_int_equal(fw_err_set(&err, FW_IO, "disk"), FW_IO);
    assert_string_equal(err.reason, "");
}

static void long_texts_are_cut_and_terminated(void **state)
{
    struct fw_err err;
    char long_text[2000];

    (void)state;
    memset(long_text, 'x', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = '\0';
    assert_int_equal(fw_err_reason(&err, FW_IO, long_text, "%s", long_text),
                     FW_IO);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_int_equal(strlen(err.reason), sizeof(err.reason) - 1);
    assert_int_equal(fw_err_wrap(&err, FW_IO, "%s", long_text), FW_IO);
    assert_true(strlen(err.text) < sizeof(err.text));
}

static void nobody_needs_to_listen(void **state)
{
    (void)state;
    assert_int_equal(fw_err_set(NULL, FW_IO, "x"), FW_IO);
    assert_int_equal(fw_err_wrap(NULL, FW_IO, "x"), FW_IO);
    assert_int_equal(fw_err_reason(NULL, FW_IO, "R", "x"), FW_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_own_phrase),
        cmocka_unit_test(wrapping_prefixes_and_keeps_the_reason),
        cmocka_unit_test(setting_clears_an_older_reason),
        cmocka_unit_test(long_texts_are_cut_and_terminated),
        cmocka_unit_test(nobody_needs_to_listen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
