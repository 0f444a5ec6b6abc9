/* Momentum and rate of one worker, by successive halving. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "client/lab/halving.h"

static struct fw_service times = {.kind = FW_SERVICE_CONSTANT};

static struct fw_study study(const char *problem)
{
    return (struct fw_study){.problem = problem,
                             .service = &times,
                             .seed = 1,
                             .n_seeds = 2,
                             .reference_momentum = 0.9,
                             .reference_rate = 0.01,
                             .check_every = 10,
                             .batch = 1,
                             .unit_ms = 100};
}

static void the_spread_covers_momentum_and_rate(void **state)
{
    struct fw_candidate c[FW_CANDIDATES_MAX];
    size_t n = fw_candidates_spread(c, 1e-3, 1.0);

    (void)state;
    assert_int_equal(n, 5 * 7);
    assert_true(c[0].momentum == 0.0 && c[0].rate == 1e-3);
    assert_true(c[n - 1].momentum == 0.95 && fabs(c[n - 1].rate - 1.0) < 1e-9);
}

/* The largest curvature is 1: a rate of 2 (1 + mu) or more diverges. */
static void the_winner_is_stable_and_better_than_the_rest(void **state)
{
    struct fw_candidate c[FW_CANDIDATES_MAX];
    struct fw_study s = study("quadratic:100:0");
    size_t n = fw_candidates_spread(c, 1e-3, 10.0);
    struct fw_err err = {0};
    size_t last;

    (void)state;
    assert_int_equal(fw_halving_run(&s, 270, c, n, &last, &err), FW_OK);
    assert_true(c[0].rate < 2.0 * (1.0 + c[0].momentum));
    assert_int_equal(c[0].updates, 270);
    for (size_t i = 1; i < n; i++)
        assert_true(c[0].loss <= 1.02 * c[i].loss ||
                    c[i].updates < c[0].updates);
    assert_in_range(last, 4, n / 3);
}

static void a_search_in_which_all_diverge_says_so(void **state)
{
    struct fw_candidate c[] = {{0.0, 50.0, 0, 0}, {0.9, 50.0, 0, 0}};
    struct fw_study s = study("quadratic:10:0");
    struct fw_err err = {0};
    size_t last;

    (void)state;
    assert_int_equal(fw_halving_run(&s, 900, c, 2, &last, &err), FW_INVALID);
    assert_true(err.text[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_spread_covers_momentum_and_rate),
        cmocka_unit_test(the_winner_is_stable_and_better_than_the_rest),
        cmocka_unit_test(a_search_in_which_all_diverge_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
