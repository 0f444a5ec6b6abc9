/* The history keeps runs through restarts, tells them in few points, and loses
 * rows rather than time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "sdk/base/clock.h"
#include "server/store/history.h"
#include "tests/unit/store/fixture.h"

#define NOW    1700000000000 /* milliseconds since 1970 */
#define DAY    86400
#define DAYS   30
#define MUCH   512         /* MB */
#define EVERY  1           /* prune with every batch */
#define LITTLE (768 << 10) /* bytes of SQLite's */

static struct fw_history *begin(void **state, uint32_t days, uint32_t mb,
                                uint32_t queue)
{
    char *path = fixture_path(*state, "history.db");
    const struct fw_history_options o = {.path = path,
                                         .keep_days = days,
                                         .max_mb = mb,
                                         .queue = queue,
                                         .prune_ms = EVERY};
    struct fw_history *h;

    assert_int_equal(fw_history_open(&o, &h, NULL), FW_OK);
    fw_history_flush(h);
    free(path);
    return h;
}

static struct fw_history_row point(const char *job, int64_t life, int64_t at_ms)
{
    struct fw_history_row r = {
        .kind = FW_ROW_POINT, .life_ms = life, .unix_ms = at_ms};

    snprintf(r.job, sizeof(r.job), "%s", job);
    for (int i = 0; i < FW_SERIES_COUNT; i++)
        r.of.point.series[i] = NAN;
    r.of.point.law = FW_LAW_COUNT;
    return r;
}

/* `n` points, a second apart; the loss is the number of the point but for one
 * that sticks out. */
static void tell(struct fw_history *h, int64_t from_ms, unsigned n,
                 unsigned spike)
{
    for (unsigned i = 0; i < n; i++) {
        struct fw_history_row r =
            point("digits", NOW, from_ms + 1000 * (int64_t)i);

        r.of.point.version = i;
        r.of.point.worker_seconds = 4.0 * i;
        for (unsigned k = 0; k < FW_SERIES_COUNT; k++)
            r.of.point.series[k] = k + 0.1 * i;
        r.of.point.series[FW_SERIES_loss] = i == spike ? 1e6 : i;
        r.of.point.series[FW_SERIES_total] = NAN;
        while (!fw_history_push(h, &r))
            fw_history_flush(h);
    }
    fw_history_flush(h);
}

static struct fw_history_series ask(struct fw_history *h, const char *job,
                                    uint32_t points)
{
    struct fw_history_request r = {.points = points};
    struct fw_history_series out;

    snprintf(r.job, sizeof(r.job), "%s", job);
    assert_int_equal(fw_history_read(h, &r, &out, NULL), FW_OK);
    return out;
}

static struct fw_run_list runs(struct fw_history *h)
{
    struct fw_run_list l;

    assert_int_equal(
        fw_history_runs(h, &(struct fw_runs_request){.limit = 0}, &l, NULL),
        FW_OK);
    return l;
}

static void rows_come_back_as_they_were(void **state)
{
    struct fw_history *h = begin(state, DAYS, MUCH, 0);
    struct fw_history_series s;

    tell(h, NOW, 10, UINT32_MAX);
    s = ask(h, "digits", 0);
    assert_int_equal(s.n, 10);
    assert_int_equal(s.rows, 10);
    assert_string_equal(s.job, "digits");
    assert_true(s.resolution_s == 0.0);
    for (uint32_t i = 0; i < s.n; i++) {
        assert_true(fw_history_column(&s, FW_HISTORY_TIME)[i] ==
                    NOW / 1000.0 + (double)i);
        assert_true(fw_history_column(&s, FW_HISTORY_VERSION)[i] == i);
        assert_true(fw_history_column(&s, FW_HISTORY_WORKER_SECONDS)[i] ==
                    4.0 * i);
        assert_true(fw_history_low(&s, FW_SERIES_loss)[i] == i);
        assert_true(fw_history_high(&s, FW_SERIES_loss)[i] == i);
        assert_true(isnan(fw_history_low(&s, FW_SERIES_total)[i]));
    }
    fw_history_series_close(&s);
    fw_history_close(h);
}

static void a_day_is_told_in_few_points_that_keep_its_extremes(void **state)
{
    struct fw_history *h = begin(state, DAYS, MUCH, 0);
    struct fw_history_series s;
    double highest = 0.0;
    double last = 0.0;
    int64_t best_us = INT64_MAX;

    tell(h, NOW, DAY, DAY / 3);
    for (int i = 0; i < 5; i++) {
        int64_t begun = fw_clock_mono_us();

        s = ask(h, "digits", 2000);
        if (fw_clock_mono_us() - begun < best_us)
            best_us = fw_clock_mono_us() - begun;
        if (i < 4)
            fw_history_series_close(&s);
    }
    print_message("a day of rows is read in %.1f ms\n", (double)best_us / 1e3);
    assert_int_equal(s.rows, DAY);
    assert_in_range(s.n, 1000, 2000);
    for (uint32_t i = 0; i < s.n; i++) {
        double at = fw_history_column(&s, FW_HISTORY_TIME)[i];

        assert_true(at > last);
        last = at;
        highest = fmax(highest, fw_history_high(&s, FW_SERIES_loss)[i]);
        assert_true(fw_history_low(&s, FW_SERIES_loss)[i] < DAY);
    }
    assert_true(highest == 1e6);
    assert_true(fw_history_high(&s, FW_SERIES_loss)[s.n - 1] == DAY - 1);
    assert_true(s.resolution_s > 43.0 && s.resolution_s < 44.0);
    fw_history_series_close(&s);
    fw_history_close(h);
}

static void a_part_of_a_run_can_be_asked_for(void **state)
{
    struct fw_history *h = begin(state, DAYS, MUCH, 0);
    struct fw_history_request r = {
        .run = 1, .from_ms = NOW + 3000, .to_ms = NOW + 5000};
    struct fw_history_series s;

    tell(h, NOW, 10, UINT32_MAX);
    assert_int_equal(fw_history_read(h, &r, &s, NULL), FW_OK);
    assert_int_equal(s.n, 3);
    assert_true(fw_history_low(&s, FW_SERIES_loss)[0] == 3.0);
    fw_history_series_close(&s);
    r.from_ms = NOW + 100000;
    r.to_ms = 0;
    assert_int_equal(fw_history_read(h, &r, &s, NULL), FW_OK);
    assert_int_equal(s.n, 0);
    fw_history_close(h);
}

static void what_is_not_there_is_refused_by_name(void **state)
{
    struct fw_history *h = begin(state, DAYS, MUCH, 0);
    struct fw_history_request r = {.run = 7};
    struct fw_history_series s;
    struct fw_err err;

    assert_int_equal(fw_history_read(h, &r, &s, &err), FW_NOT_FOUND);
    assert_string_equal(err.reason, "RUN_NOT_FOUND");
    assert_int_equal(fw_history_read(NULL, &r, &s, &err), FW_UNAVAILABLE);
    assert_string_equal(err.reason, "HISTORY_UNAVAILABLE");
    fw_history_close(h);
}

static void a_run_goes_on_after_a_restart_and_a_new_job_is_a_new_run(
    void **state)
{
    struct fw_history *h = begin(state, DAYS, MUCH, 0);
    struct fw_history_row r = point("digits", NOW, NOW);
    struct fw_run_list l;

    r.of.point.version = 5;
    assert_true(fw_history_push(h, &r));
    fw_history_close(h);

    h = begin(state, DAYS, MUCH, 0);
    r = point("digits", NOW + 60000, NOW + 60000);
    r.resumed = true;
    r.of.point.version = 6;
    r.of.point.updates = 60;
    r.of.point.series[FW_SERIES_loss] = 0.5;
    assert_true(fw_history_push(h, &r));
    r = point("digits", NOW + 70000, NOW + 70000);
    assert_true(fw_history_push(h, &r));
    r.kind = FW_ROW_END;
    r.unix_ms = NOW + 80000;
    assert_true(fw_history_push(h, &r));
    fw_history_flush(h);
    l = runs(h);
    assert_int_equal(l.n, 2);
    assert_int_equal(l.items[1].started_ms, NOW);
    assert_int_equal(l.items[1].ended_ms, NOW + 60000);
    assert_int_equal(l.items[1].version, 6);
    assert_int_equal(l.items[1].updates, 60);
    assert_true(l.items[1].loss == 0.5);
    assert_true(isnan(l.items[1].validation_loss));
    assert_int_equal(l.items[1].law, FW_LAW_COUNT);
    assert_int_equal(l.items[0].ended_ms, NOW + 80000);
    fw_run_list_close(&l);
    fw_history_close(h);
}

static struct fw_history_row decision(uint64_t incarnation, uint64_t index,
                                      const char *sentence)
{
    struct fw_history_row r = point("digits", NOW, NOW + (int64_t)index);
    struct fw_decision_message *m = &r.of.decision.decision;

    r.kind = FW_ROW_DECISION;
    r.of.decision = (struct fw_history_decision){.incarnation = incarnation};
    *m = (struct fw_decision_message){.index = index,
                                      .unix_ms = r.unix_ms,
                                      .version = 10 * index,
                                      .workers = 4,
                                      .staleness_mean = 2.5,
                                      .law = FW_LAW_COUNT,
                                      .momentum_before = 0.9,
                                      .momentum_after = 0.3,
                                      .learning_rate_before = 0.1,
                                      .learning_rate_after = 0.2,
                                      .step_bound = 1.5};
    snprintf(m->binding, sizeof(m->binding), "law");
    snprintf(m->cause, sizeof(m->cause), "operator");
    snprintf(m->who, sizeof(m->who), "anna");
    snprintf(m->why, sizeof(m->why), "tests");
    snprintf(m->sentence, sizeof(m->sentence), "%s", sentence);
    return r;
}

static void the_last_decisions_of_a_run_come_back_in_order(void **state)
{
    struct fw_history *h = begin(state, DAYS, MUCH, 0);
    const struct fw_history_row rows[] = {
        decision(1, 1, "first"), decision(1, 2, "second"),
        decision(2, 1, "third"), /* of a server that counted anew */
        decision(2, 2, "fourth")};
    struct fw_decision_list l;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_true(fw_history_push(h, &rows[i]));
    fw_history_flush(h);
    assert_int_equal(fw_history_decisions(h, "digits", 3, &l, NULL), FW_OK);
    assert_int_equal(l.n, 3);
    assert_string_equal(l.items[0].sentence, "second");
    assert_string_equal(l.items[1].sentence, "third");
    assert_memory_equal(&l.items[2], &rows[3].of.decision.decision,
                        sizeof(l.items[2]));
    fw_decision_list_close(&l);
    assert_int_equal(fw_history_decisions(h, "none", 3, &l, NULL), FW_OK);
    assert_int_equal(l.n, 0);
    fw_decision_list_close(&l);
    fw_history_close(h);
}

static void what_is_too_old_goes(void **state)
{
    struct fw_history *h = begin(state, 1, MUCH, 0);
    struct fw_history_row r =
        point("old", NOW - 3 * DAY * 1000LL, NOW - 3 * DAY * 1000LL);
    struct fw_run_list l;
    struct fw_history_series s;

    assert_true(fw_history_push(h, &r));
    tell(h, NOW, DAY + 7000, UINT32_MAX);
    l = runs(h);
    assert_int_equal(l.n, 1);
    assert_string_equal(l.items[0].job, "digits");
    s = ask(h, "digits", 0);
    assert_in_range(s.rows, DAY, DAY + 1);
    fw_history_series_close(&s);
    fw_run_list_close(&l);
    fw_history_close(h);
}

static void a_database_above_its_limit_loses_its_oldest_points(void **state)
{
    struct fw_history *h = begin(state, DAYS, 1, 0);
    char *path = fixture_path(*state, "history.db");
    struct fw_history_series s;
    FILE *file;

    tell(h, NOW, 60000, UINT32_MAX);
    s = ask(h, "digits", 0);
    assert_in_range(s.rows, 2000, 50000);
    assert_true(fw_history_high(&s, FW_SERIES_loss)[s.n - 1] == 59999.0);
    fw_history_series_close(&s);
    fw_history_close(h);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    assert_in_range(ftell(file), 1, 3 * 1048576);
    fclose(file);
    free(path);
}

/* Its cache is all that would grow with it. */
static void a_database_takes_little_memory_however_large_it_is(void **state)
{
    struct fw_history *h = begin(state, DAYS, MUCH, 0);

    tell(h, NOW, DAY / 4, UINT32_MAX);
    print_message("%lld bytes of SQLite's\n", (long long)sqlite3_memory_used());
    assert_in_range(sqlite3_memory_used(), 1, LITTLE);
    fw_history_close(h);
}

const struct CMUnitTest history_tests[] = {
    cmocka_unit_test_setup_teardown(rows_come_back_as_they_were, fixture_open,
                                    fixture_close),
    cmocka_unit_test_setup_teardown(
        a_day_is_told_in_few_points_that_keep_its_extremes, fixture_open,
        fixture_close),
    cmocka_unit_test_setup_teardown(a_part_of_a_run_can_be_asked_for,
                                    fixture_open, fixture_close),
    cmocka_unit_test_setup_teardown(what_is_not_there_is_refused_by_name,
                                    fixture_open, fixture_close),
    cmocka_unit_test_setup_teardown(
        a_run_goes_on_after_a_restart_and_a_new_job_is_a_new_run, fixture_open,
        fixture_close),
    cmocka_unit_test_setup_teardown(
        the_last_decisions_of_a_run_come_back_in_order, fixture_open,
        fixture_close),
    cmocka_unit_test_setup_teardown(what_is_too_old_goes, fixture_open,
                                    fixture_close),
    cmocka_unit_test_setup_teardown(
        a_database_above_its_limit_loses_its_oldest_points, fixture_open,
        fixture_close),
    cmocka_unit_test_setup_teardown(
        a_database_takes_little_memory_however_large_it_is, fixture_open,
        fixture_close),
};

int main(void)
{
    return cmocka_run_group_tests(history_tests, NULL, NULL);
}
