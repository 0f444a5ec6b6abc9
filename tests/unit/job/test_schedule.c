/* The factor on the learning rate, version by version. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "server/job/schedule.h"

struct row {
    struct fw_schedule_spec s;
    uint64_t version;
    double factor;
};

static void each_schedule_gives_the_factors_it_promises(void **state)
{
    const struct fw_schedule_spec constant = {.kind = FW_SCHEDULE_CONSTANT};
    const struct fw_schedule_spec step = {
        .kind = FW_SCHEDULE_STEP, .period = 10, .factor = 0.5};
    const struct fw_schedule_spec cosine = {
        .kind = FW_SCHEDULE_COSINE, .period = 100, .final = 0.2};
    const struct fw_schedule_spec warm = {
        .kind = FW_SCHEDULE_STEP, .period = 10, .factor = 0.5, .warmup = 4};
    const struct row rows[] = {
        {constant, 0, 1.0},
        {constant, UINT64_MAX, 1.0},
        {step, 0, 1.0},
        {step, 9, 1.0},
        {step, 10, 0.5},
        {step, 29, 0.25},
        {cosine, 0, 1.0},
        {cosine, 50, 0.6},
        {cosine, 25, 0.2 + 0.8 * 0.8535533905932737},
        {cosine, 100, 0.2},
        {cosine, 100000, 0.2},
        {warm, 0, 0.25},
        {warm, 2, 0.75},
        {warm, 3, 1.0},
        {warm, 4, 1.0},
        {warm, 13, 1.0},
        {warm, 14, 0.5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_true(fabs(fw_schedule_factor(&rows[i].s, rows[i].version) -
                         rows[i].factor) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_schedule_gives_the_factors_it_promises),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
