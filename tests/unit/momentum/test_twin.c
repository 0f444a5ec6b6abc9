/* The twin finds the stable step of delays it knows nothing about: closed
 * forms to 1e-3, the golden table to 3 % (constant) and 8 % (random). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "cluster.h"
#include "server/momentum/twin.h"

#define PI      3.14159265358979323846
#define UPDATES 60000
#define LONG    131072 /* updates, the most that a live one replays */
#define N_MU    8

static const double momenta[N_MU] = {-.8, -.5, -.3, 0, .3, .5, .7, .9};

struct golden {
    uint32_t workers;
    double shape; /* of the gamma service time; 0: constant */
    double limits[N_MU];
};

static const struct golden random_delays[] = {
    {2, 1, {.675, .861, 1.05, 1.52, 2.10, 2.20, 1.87, 1.23}},
    {4, 1, {.577, .761, .877, 1.10, 1.09, 1.03, .854, .487}},
    {8, 1, {.483, .611, .656, .682, .676, .636, .525, .272}},
    {16, 1, {.390, .453, .470, .479, .465, .430, .370, .187}},
    {32, 1, {.297, .327, .328, .330, .318, .299, .262, .146}},
    {64, 1, {.219, .234, .234, .231, .224, .217, .190, .122}},
    {2, 4, {.833, .935, 1.04, 1.31, 1.51, 1.28, 1.14, 1.04}},
    {4, 4, {.574, .668, .695, .677, .597, .525, .447, .370}},
    {8, 4, {.347, .347, .339, .317, .291, .262, .226, .175}},
    {16, 4, {.158, .155, .153, .149, .142, .134, .120, .093}},
};

static const struct golden constant_delays[] = {
    {4, 0, {.491, .477, .465, .445, .419, .398, .375, .348}},
    {8, 0, {.221, .217, .215, .209, .200, .191, .178, .157}},
    {16, 0, {.104, .103, .103, .101, .099, .096, .091, .079}},
    {32, 0, {.051, .050, .050, .050, .049, .048, .047, .042}},
};

/* The table is printed to three digits: half a unit of the last is its own. */
static void compare(const struct golden *g, const uint32_t *trace, size_t n,
                    double tolerance)
{
    struct fw_twin_problem p = {trace, n, UPDATES};
    double limits[N_MU];

    assert_int_equal(fw_twin_limits(&p, momenta, N_MU, limits), FW_OK);
    print_message("M=%u shape %g:", g->workers, g->shape);
    for (int i = 0; i < N_MU; i++)
        print_message(" %.3f", limits[i]);
    print_message("\n");
    for (int i = 0; i < N_MU; i++) {
        double off = fabs(limits[i] - g->limits[i]);

        if (off > tolerance * g->limits[i] + 0.0005)
            fail_msg("M=%u shape %g mu=%g: s_c %.4f, the table says %.4f",
                     g->workers, g->shape, momenta[i], limits[i], g->limits[i]);
    }
}

static void random_delays_agree_with_the_table_within_8_percent(void **state)
{
    uint32_t *trace = calloc(UPDATES, sizeof(*trace));

    (void)state;
    assert_non_null(trace);
    for (size_t i = 0; i < sizeof(random_delays) / sizeof(*random_delays);
         i++) {
        const struct golden *g = &random_delays[i];
        struct cluster c = {g->workers, g->shape, 1.0, 1};

        cluster_trace(&c, trace, UPDATES);
        compare(g, trace, UPDATES, 0.08);
    }
    free(trace);
}

static void constant_delays_agree_with_the_table_within_3_percent(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(constant_delays) / sizeof(*constant_delays);
         i++) {
        uint32_t tau = constant_delays[i].workers - 1;

        compare(&constant_delays[i], &tau, 1, 0.03);
    }
}

static void one_worker_has_the_closed_form_within_a_thousandth(void **state)
{
    uint32_t tau = 0;
    struct fw_twin_problem p = {&tau, 1, 20000};
    double limits[N_MU];

    (void)state;
    assert_int_equal(fw_twin_limits(&p, momenta, N_MU, limits), FW_OK);
    for (int i = 0; i < N_MU; i++) {
        double exact = 2.0 * (1.0 + momenta[i]) / (1.0 - momenta[i]);

        if (fabs(limits[i] / exact - 1.0) > 1e-3)
            fail_msg("mu=%g: %.5f, exactly %.5f", momenta[i], limits[i], exact);
    }
}

static void constant_delay_has_the_closed_form_within_a_thousandth(void **state)
{
    static const uint32_t taus[] = {1, 2, 3, 7, 15, 31, 63, 127};
    double zero = 0.0;

    (void)state;
    for (size_t i = 0; i < sizeof(taus) / sizeof(*taus); i++) {
        struct fw_twin_problem p = {&taus[i], 1, 20000};
        double exact = 2.0 * sin(PI / (2.0 * (2.0 * taus[i] + 1.0)));
        double limit;

        assert_int_equal(fw_twin_limits(&p, &zero, 1, &limit), FW_OK);
        if (fabs(limit / exact - 1.0) > 1e-3)
            fail_msg("tau=%u: %.6f, exactly %.6f", taus[i], limit, exact);
    }
}

/* An input such as the live controller hands out. */
static void fill(struct fw_twin_input *in, uint32_t workers, double shape)
{
    struct cluster c = {workers, shape, 1.0, 3};

    *in = (struct fw_twin_input){.ticket = 7,
                                 .workers = workers,
                                 .n_trace = FW_TWIN_TRACE,
                                 .n_momenta = N_MU};
    cluster_trace(&c, in->trace, in->n_trace);
    for (int i = 0; i < N_MU; i++)
        in->momenta[i] = momenta[i];
}

static void a_run_takes_milliseconds(void **state)
{
    static struct fw_twin_input in;
    struct fw_twin_result out;
    struct timespec a;
    struct timespec b;
    double ms;

    (void)state;
    fill(&in, 16, 1.0);
    in.updates = 2048;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    fw_twin_run(&in, &out);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    assert_true(out.ok);
    ms = (double)(b.tv_sec - a.tv_sec) * 1e3 +
         (double)(b.tv_nsec - a.tv_nsec) / 1e6;
    print_message("2048 steps x 8 momenta: %.2f ms\n", ms);
    assert_true(ms < 200.0); /* under valgrind and sanitizers too */
}

/* A worker that is 10 times slower sends one gradient in 71: the other seven
 * decide, and the trace says so although the count does not. */
static void one_straggler_of_eight_leaves_the_step_of_seven(void **state)
{
    static uint32_t trace[20000];
    struct fw_twin_problem p = {trace, 20000, 20000};
    struct cluster c = {8, 0.0, 10.0, 1};
    double seven = 2.0 * sin(PI / (2.0 * (2.0 * 6.0 + 1.0)));
    double mu = 0.0;
    double mixed;

    (void)state;
    cluster_trace(&c, trace, 20000);
    assert_int_equal(fw_twin_limits(&p, &mu, 1, &mixed), FW_OK);
    assert_true(fabs(mixed / seven - 1.0) < 0.05);
}

static void what_cannot_be_replayed_is_refused(void **state)
{
    static struct fw_twin_input in;
    struct fw_twin_result out;

    (void)state;
    fill(&in, 4, 1.0);
    in.n_trace = 0;
    fw_twin_run(&in, &out);
    assert_false(out.ok);
    assert_true(isnan(fw_twin_limit(&out, 0.5)));
    fill(&in, 4, 1.0);
    in.momenta[3] = NAN;
    fw_twin_run(&in, &out);
    assert_false(out.ok);
    fill(&in, 4, 1.0);
    in.momenta[7] = 1.0;
    fw_twin_run(&in, &out);
    assert_false(out.ok);
}

static void absurd_delays_give_a_finite_answer(void **state)
{
    static struct fw_twin_input in;
    struct fw_twin_result out;

    (void)state;
    fill(&in, 4, 1.0);
    in.updates = 2048;
    for (uint32_t i = 0; i < in.n_trace; i += 3)
        in.trace[i] = UINT32_MAX;
    fw_twin_run(&in, &out);
    assert_true(out.ok);
    for (int i = 0; i < N_MU; i++)
        assert_true(isfinite(out.limits[i]) && out.limits[i] > 0.0);
}

static long most_kib(void)
{
    struct rusage u;

    assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
    return u.ru_maxrss;
}

/* A worker that came back after hours reads what the others began with: longer
 * ago than the replay goes back there is nothing to remember. */
static void a_worker_that_stood_still_costs_no_memory(void **state)
{
    static struct fw_twin_input in;
    struct fw_twin_result hours;
    struct fw_twin_result long_ago;
    long before;

    (void)state;
    fill(&in, 4, 1.0);
    in.updates = LONG;
    before = most_kib();
    in.trace[1000] = LONG;
    fw_twin_run(&in, &long_ago);
    in.trace[1000] = UINT32_MAX;
    fw_twin_run(&in, &hours);
    assert_true(most_kib() - before < 1024);
    assert_true(hours.ok);
    for (int i = 0; i < N_MU; i++)
        assert_true(hours.limits[i] == long_ago.limits[i]);
}

static void the_limit_between_two_momenta_lies_between_theirs(void **state)
{
    static struct fw_twin_input in;
    struct fw_twin_result out;

    (void)state;
    fill(&in, 16, 1.0);
    fw_twin_run(&in, &out);
    assert_true(out.ok);
    assert_int_equal(out.ticket, 7);
    for (int i = 0; i + 1 < N_MU; i++) {
        double middle =
            fw_twin_limit(&out, (momenta[i] + momenta[i + 1]) / 2.0);

        assert_true(middle >= fmin(out.limits[i], out.limits[i + 1]));
        assert_true(middle <= fmax(out.limits[i], out.limits[i + 1]));
        assert_true(fw_twin_limit(&out, momenta[i]) == out.limits[i]);
    }
    assert_true(fw_twin_limit(&out, -.95) == out.limits[0]);
    assert_true(fw_twin_limit(&out, .95) == out.limits[N_MU - 1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_worker_has_the_closed_form_within_a_thousandth),
        cmocka_unit_test(
            constant_delay_has_the_closed_form_within_a_thousandth),
        cmocka_unit_test(constant_delays_agree_with_the_table_within_3_percent),
        cmocka_unit_test(random_delays_agree_with_the_table_within_8_percent),
        cmocka_unit_test(a_run_takes_milliseconds),
        cmocka_unit_test(one_straggler_of_eight_leaves_the_step_of_seven),
        cmocka_unit_test(what_cannot_be_replayed_is_refused),
        cmocka_unit_test(absurd_delays_give_a_finite_answer),
        cmocka_unit_test(a_worker_that_stood_still_costs_no_memory),
        cmocka_unit_test(the_limit_between_two_momenta_lies_between_theirs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
