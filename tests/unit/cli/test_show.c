/* Numbers for people. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
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

static void one_is_not_many(void **state)
{
    struct fw_job_status j = {.name = "j", .gradients_applied = 1};
    char *text = NULL;
    size_t n = 0;

    (void)state;
    for (uint32_t workers = 0; workers < 3; workers++) {
        static const char *const said[] = {"0 workers in", "1 worker in",
                                           "2 workers in"};
        FILE *to = open_memstream(&text, &n);

        assert_non_null(to);
        j.workers = workers;
        j.groups = 1;
        fw_show_job(to, &j);
        fclose(to);
        assert_non_null(strstr(text, said[workers]));
        assert_non_null(strstr(text, " in 1 group\n"));
        assert_non_null(strstr(text, " in 1 gradient,"));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_has_digits_whatever_its_size),
        cmocka_unit_test(one_is_not_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
