/* The random numbers are reproducible and have the moments they promise. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sdk/base/random.h"

#define N 200000

static void same_seed_gives_the_same_numbers(void **state)
{
    struct fw_random a;
    struct fw_random b;

    (void)state;
    fw_random_init(&a, 7);
    fw_random_init(&b, 7);
    for (int i = 0; i < 1000; i++)
        assert_true(fw_random_u64(&a) == fw_random_u64(&b));
    fw_random_init(&b, 8);
    assert_true(fw_random_u64(&a) != fw_random_u64(&b));
}

/* Mean and variance of N draws. */
static void moments(double (*draw)(struct fw_random *), double *mean,
                    double *variance)
{
    struct fw_random r;
    double sum = 0.0;
    double squares = 0.0;

    fw_random_init(&r, 42);
    for (int i = 0; i < N; i++) {
        double x = draw(&r);

        sum += x;
        squares += x * x;
    }
    *mean = sum / N;
    *variance = squares / N - *mean * *mean;
}

static double gamma_4(struct fw_random *r)
{
    return fw_random_gamma(r, 4.0);
}

static double gamma_half(struct fw_random *r)
{
    return fw_random_gamma(r, 0.5);
}

static void distributions_have_their_moments(void **state)
{
    static const struct {
        double (*draw)(struct fw_random *);
        double mean;
        double variance;
    } cases[] = {
        {fw_random_uniform, 0.5, 1.0 / 12.0},
        {fw_random_normal, 0.0, 1.0},
        {fw_random_exponential, 1.0, 1.0},
        {gamma_4, 4.0, 4.0},
        {gamma_half, 0.5, 0.5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        double mean;
        double variance;

        moments(cases[i].draw, &mean, &variance);
        assert_true(fabs(mean - cases[i].mean) < 0.02);
        assert_true(fabs(variance / cases[i].variance - 1.0) < 0.03);
    }
}

static void below_reaches_every_value_and_no_more(void **state)
{
    struct fw_random r;
    int seen[7] = {0};

    (void)state;
    fw_random_init(&r, 1);
    for (int i = 0; i < 7000; i++) {
        uint64_t x = fw_random_below(&r, 7);

        assert_true(x < 7);
        seen[x]++;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 850, 1150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_gives_the_same_numbers),
        cmocka_unit_test(distributions_have_their_moments),
        cmocka_unit_test(below_reaches_every_value_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
