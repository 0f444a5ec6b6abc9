/* What a run is made of: service times, arms, changes, events in order. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/lab/agenda.h"
#include "client/lab/arm.h"
#include "client/lab/change.h"
#include "client/lab/delays.h"

#define DRAWS 200000

static void service_times_have_mean_1_and_their_scatter(void **state)
{
    static const struct {
        const char *spec;
        double ratio; /* sd/mean */
    } rows[] = {{"exponential", 1.0},   {"gamma:4", 0.5},
                {"gamma:0.5", 1.414},   {"constant", 0.0},
                {"lognormal:0.3", 0.3}, {"lognormal:1.5", 1.5},
                {"gamma:100", 0.1}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fw_service s = {0};
        struct fw_random random;
        double sum = 0.0;
        double squares = 0.0;

        fw_random_init(&random, 7);
        assert_int_equal(fw_service_parse(rows[i].spec, &s, NULL), FW_OK);
        for (int k = 0; k < DRAWS; k++) {
            double t = fw_service_draw(&s, &random);

            assert_true(t > 0.0 && isfinite(t));
            sum += t;
            squares += t * t;
        }
        sum /= DRAWS;
        assert_true(fabs(sum - 1.0) < 0.02);
        assert_true(fabs(sqrt(fmax(squares / DRAWS - sum * sum, 0.0)) -
                         rows[i].ratio) < 0.05 * fmax(rows[i].ratio, 1.0));
        fw_service_close(&s);
    }
}

static void what_is_no_service_is_refused(void **state)
{
    static const char *const bad[] = {
        "",         "gamma",   "gamma:",       "gamma:0",
        "gamma:-1", "gamma:x", "lognormal:-1", "constant:2x",
        "uniform",  "trace:",  "gamma:inf"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fw_service s = {0};
        struct fw_err err = {0};

        assert_int_not_equal(fw_service_parse(bad[i], &s, &err), FW_OK);
        assert_true(err.text[0] != '\0');
    }
}

static fw_status parse_trace(const char *text, struct fw_service *s,
                             struct fw_err *err)
{
    char path[] = "/tmp/flywheel-trace-XXXXXX";
    char spec[64];
    int fd = mkstemp(path);
    fw_status status;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    snprintf(spec, sizeof(spec), "trace:%s", path);
    status = fw_service_parse(spec, s, err);
    unlink(path);
    return status;
}

static void a_trace_is_read_and_a_bad_one_names_its_line(void **state)
{
    struct fw_service s = {0};
    struct fw_err err = {0};

    (void)state;
    assert_int_equal(parse_trace("3\n0\n7\n", &s, &err), FW_OK);
    assert_int_equal(s.n_taus, 3);
    assert_int_equal(s.taus[2], 7);
    fw_service_close(&s);
    assert_int_equal(parse_trace("3\nx\n", &s, &err), FW_CORRUPT);
    assert_non_null(strstr(err.text, "2"));
    assert_int_not_equal(parse_trace("", &s, &err), FW_OK);
}

static void arms_are_what_they_say(void **state)
{
    struct fw_arm arms[FW_ARMS_MAX];
    size_t n;

    (void)state;
    assert_int_equal(fw_arms_parse("fixed,margin+negative,manual:-.25:.1,sync,"
                                   "groups:4,groups:auto,buffer:8,fedbuff:2,"
                                   "count+keep_rate",
                                   arms, &n, NULL),
                     FW_OK);
    assert_int_equal(n, 9);
    assert_true(arms[1].allow_negative && arms[1].law == FW_LAW_MARGIN);
    assert_true(arms[2].momentum == -0.25 && arms[2].rate == 0.1);
    assert_int_equal(arms[3].groups, 1);
    assert_int_equal(arms[4].groups, 4);
    assert_true(arms[5].groups_auto);
    assert_int_equal(arms[6].buffer, 8);
    assert_int_equal(arms[7].rival, FW_RIVAL_FEDBUFF);
    assert_int_equal(arms[8].policy, FW_STEP_KEEP_RATE);
}

static void what_is_no_arm_is_refused(void **state)
{
    static const char *const bad[] = {
        "",         "fix",          "manual",          "manual:1:.1",
        "groups:0", "manual:.9:-1", "margin+positive", "buffer:",
        "fedbuff",  "groups:x",     "manual"};
    struct fw_arm arms[FW_ARMS_MAX];
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(fw_arms_parse(bad[i], arms, &n, NULL), FW_INVALID);
}

static void changes_are_read_and_wrong_ones_refused(void **state)
{
    static const char *const bad[] = {
        "x",          "5:workers",       "5:workers=0", "-1:workers=2",
        "5:silent=2", "5:straggler=0.5", "5:workers=2,"};
    struct fw_change c[FW_CHANGES_MAX];
    size_t n;

    (void)state;
    assert_int_equal(
        fw_changes_parse("20:workers=16,60:silent=0.5,61:speak", c, &n, NULL),
        FW_OK);
    assert_int_equal(n, 3);
    assert_true(c[0].at == 20 && c[0].value == 16);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]) - 1; i++)
        assert_int_equal(fw_changes_parse(bad[i], c, &n, NULL), FW_INVALID);
}

static void events_come_in_the_order_of_their_time(void **state)
{
    static const double times[] = {5, 1, 3, 1, 9, 0, 3};
    struct fw_agenda a = {0};
    struct fw_event_at e;
    double last = -1.0;
    uint64_t number = 0;

    (void)state;
    assert_true(isinf(fw_agenda_next(&a)));
    assert_false(fw_agenda_take(&a, &e));
    for (uint32_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        assert_int_equal(fw_agenda_put(&a, times[i], i, 0), FW_OK);
    while (fw_agenda_take(&a, &e)) {
        assert_true(e.time >= last);
        if (e.time == last)
            assert_true(e.number > number); /* first in, first out */
        last = e.time;
        number = e.number;
    }
    assert_true(last == 9);
    fw_agenda_close(&a);
}

static void memoryless_delays_are_geometric(void **state)
{
    static uint32_t taus[60000];
    struct fw_service s = {.kind = FW_SERVICE_EXPONENTIAL};
    struct fw_delays_plan p = {&s, 8, 0.0, 60000, 5};
    double mean = 0.0;
    double zero = 0.0;

    (void)state;
    assert_int_equal(fw_delays_make(&p, taus), FW_OK);
    for (size_t i = 0; i < p.updates; i++) {
        mean += taus[i];
        zero += taus[i] == 0;
    }
    assert_true(fabs(mean / 60000 - 7.0) < 0.15);
    assert_true(fabs(zero / 60000 - 0.125) < 0.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(service_times_have_mean_1_and_their_scatter),
        cmocka_unit_test(what_is_no_service_is_refused),
        cmocka_unit_test(a_trace_is_read_and_a_bad_one_names_its_line),
        cmocka_unit_test(arms_are_what_they_say),
        cmocka_unit_test(what_is_no_arm_is_refused),
        cmocka_unit_test(changes_are_read_and_wrong_ones_refused),
        cmocka_unit_test(events_come_in_the_order_of_their_time),
        cmocka_unit_test(memoryless_delays_are_geometric),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
