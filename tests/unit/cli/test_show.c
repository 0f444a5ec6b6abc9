/* Numbers for people. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/show.h"

static void a_loss_has_digits_whatever_its_size(void **state)
{
    static const struct {
        double loss;
        const char *shown;
    } all[] = {
        {0.0, "0"},         {1e-5, "1.00e-05"},  {-1.5e-5, "-1.5e-05"},
        {2e-4, "0.000200"}, {5e-3, "0.005000"},  {-5e-3, "-0.00500"},
        {0.5, "0.5000"},    {2.302585, "2.303"}, {999.94, "999.9"},
        {999.96, "1000"},   {1234.5, "1234"},    {123456.0, "1.23e+05"},
        {NAN, "-"},         {INFINITY, "-"},
    };
    char text[FW_SHOWN_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        assert_string_equal(fw_show_loss(text, all[i].loss), all[i].shown);
        assert_true(strlen(text) <= 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_has_digits_whatever_its_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
