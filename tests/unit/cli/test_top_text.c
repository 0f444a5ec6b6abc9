#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/top_text.h"

static const char *bar(double value, double mark, char out[FW_DRAWN_BYTES])
{
    struct fw_bar b = {value, 0.0, 1.0, mark, 10, false};

    return fw_text_bar(&b, out);
}

static void a_bar_is_as_full_as_its_value(void **state)
{
    char out[FW_DRAWN_BYTES];

    (void)state;
    assert_string_equal(bar(0.0, NAN, out), "..........");
    assert_string_equal(bar(0.3, NAN, out), "###.......");
    assert_string_equal(bar(1.0, NAN, out), "##########");
}

static void a_bar_beyond_its_ends_is_empty_or_full(void **state)
{
    char out[FW_DRAWN_BYTES];

    (void)state;
    assert_string_equal(bar(-5.0, NAN, out), "..........");
    assert_string_equal(bar(5.0, NAN, out), "##########");
    assert_string_equal(bar(INFINITY, NAN, out), "..........");
}

static void an_unknown_value_is_an_empty_bar_with_its_mark(void **state)
{
    char out[FW_DRAWN_BYTES];

    (void)state;
    assert_string_equal(bar(NAN, NAN, out), "..........");
    assert_string_equal(bar(NAN, 1.0, out), ".........|");
    assert_string_equal(bar(0.5, 0.0, out), "|####.....");
}

static void a_bar_of_a_thousand_columns_fits(void **state)
{
    struct fw_bar b = {1.0, 0.0, 1.0, NAN, 1000, true};
    char out[FW_DRAWN_BYTES];

    (void)state;
    assert_int_equal(strlen(fw_text_bar(&b, out)), FW_DRAWN_BYTES - 1);
}

static void a_sparkline_goes_from_least_to_greatest(void **state)
{
    const double v[] = {0.0, 7.0, NAN, 3.0};
    char out[FW_DRAWN_BYTES];

    (void)state;
    assert_string_equal(fw_text_spark(v, 4, false, out), "_# =");
    assert_string_equal(fw_text_spark(v, 2, true, out), "▁█");
    assert_string_equal(fw_text_spark(v, 0, true, out), "");
}

static void a_sparkline_shows_the_newest(void **state)
{
    double v[FW_DRAWN_COLUMNS + 5] = {0};
    char out[FW_DRAWN_BYTES];

    (void)state;
    v[FW_DRAWN_COLUMNS + 4] = 1.0;
    v[0] = 100.0; /* too old to be seen */
    fw_text_spark(v, FW_DRAWN_COLUMNS + 5, false, out);
    assert_int_equal(strlen(out), FW_DRAWN_COLUMNS);
    assert_int_equal(out[FW_DRAWN_COLUMNS - 1], '#');
    assert_int_equal(out[0], '_');
}

static void text_is_cut_between_characters(void **state)
{
    char text[] = "a▁b▁c";

    (void)state;
    fw_text_clip(text, 9);
    assert_string_equal(text, "a▁b▁c");
    fw_text_clip(text, 4);
    assert_string_equal(text, "a▁b▁");
    fw_text_clip(text, 1);
    assert_string_equal(text, "a");
    fw_text_clip(text, 0);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bar_is_as_full_as_its_value),
        cmocka_unit_test(a_bar_beyond_its_ends_is_empty_or_full),
        cmocka_unit_test(an_unknown_value_is_an_empty_bar_with_its_mark),
        cmocka_unit_test(a_bar_of_a_thousand_columns_fits),
        cmocka_unit_test(a_sparkline_goes_from_least_to_greatest),
        cmocka_unit_test(a_sparkline_shows_the_newest),
        cmocka_unit_test(text_is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
