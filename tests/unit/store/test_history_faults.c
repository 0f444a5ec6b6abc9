/* What goes wrong with the history costs rows, which are counted. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "server/store/history_db.h"
#include "tests/unit/store/fixture.h"

#define NOW   1700000000000 /* milliseconds since 1970 */
#define QUEUE 8

static struct fw_history *begin(void **state)
{
    char *path = fixture_path(*state, "history.db");
    const struct fw_history_options o = {
        .path = path, .keep_days = 30, .max_mb = 512, .queue = QUEUE};
    struct fw_history *h;

    assert_int_equal(fw_history_open(&o, &h, NULL), FW_OK);
    fw_history_flush(h);
    free(path);
    return h;
}

static bool push(struct fw_history *h, int i)
{
    struct fw_history_row r = {.kind = FW_ROW_POINT,
                               .job = "digits",
                               .life_ms = NOW,
                               .unix_ms = NOW + i};

    return fw_history_push(h, &r);
}

static struct fw_history_state state_of(struct fw_history *h)
{
    struct fw_history_state s;

    fw_history_flush(h);
    fw_history_state(h, &s);
    return s;
}

static uint64_t rows(struct fw_history *h)
{
    struct fw_history_request r = {.job = "digits"};
    struct fw_history_series s;
    uint64_t n;

    assert_int_equal(fw_history_read(h, &r, &s, NULL), FW_OK);
    n = s.rows;
    fw_history_series_close(&s);
    return n;
}

/* Files in the fixture's folder whose name has this in it. */
static unsigned files(void **state, const char *part)
{
    DIR *folder = opendir(((struct fixture *)*state)->folder);
    struct dirent *e;
    unsigned n = 0;

    assert_non_null(folder);
    while ((e = readdir(folder)))
        n += strstr(e->d_name, part) != NULL;
    closedir(folder);
    return n;
}

static void run_sql(void **state, const char *sql, sqlite3 **db)
{
    char *path = fixture_path(*state, "history.db");

    assert_int_equal(sqlite3_open(path, db), SQLITE_OK);
    if (sqlite3_exec(*db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(*db));
    free(path);
}

static void a_queue_that_is_full_counts_what_it_drops(void **state)
{
    struct fw_history *h = begin(state);
    struct fw_history_state s;
    unsigned taken = 0;
    sqlite3 *other;

    run_sql(state, "BEGIN IMMEDIATE", &other); /* the writer has to wait */
    for (int i = 0; i < 5 * QUEUE; i++)
        taken += push(h, i);
    assert_in_range(taken, QUEUE, 2 * QUEUE + 1);
    fw_history_state(h, &s);
    assert_int_equal(s.dropped, 5 * QUEUE - taken);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    s = state_of(h);
    assert_int_equal(s.written + s.dropped, 5 * QUEUE);
    assert_true(push(h, 1000));
    s = state_of(h);
    assert_false(s.degraded);
    assert_int_equal(rows(h), s.written);
    fw_history_close(h);
}

static void a_database_that_stays_locked_degrades_and_comes_back(void **state)
{
    struct fw_history *h = begin(state);
    struct fw_history_state s;
    sqlite3 *other;

    run_sql(state, "BEGIN IMMEDIATE", &other);
    assert_true(push(h, 1));
    s = state_of(h);
    assert_true(s.degraded);
    assert_int_equal(s.dropped, 1);
    assert_non_null(strstr(s.error, "locked"));
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_true(push(h, 2));
    s = state_of(h);
    assert_false(s.degraded);
    assert_int_equal(rows(h), 1);
    fw_history_close(h);
}

static void a_full_disk_degrades_and_comes_back(void **state)
{
    struct fw_history *h = begin(state);
    struct rlimit all;
    struct rlimit little;
    struct fw_history_state s;
    uint64_t written;

    assert_true(push(h, 0));
    s = state_of(h);
    written = s.written;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
    little = all;
    little.rlim_cur = 4096; /* the log is longer already */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    assert_true(push(h, 1));
    s = state_of(h);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
    assert_true(s.degraded);
    assert_int_equal(s.dropped, 1);
    assert_true(push(h, 2));
    s = state_of(h);
    assert_false(s.degraded);
    assert_int_equal(s.written, written + 1);
    assert_int_equal(rows(h), 2);
    fw_history_close(h);
}

static void check_set_aside(void **state)
{
    struct fw_history *h = begin(state);
    struct fw_history_state s;

    assert_true(push(h, 1));
    s = state_of(h);
    assert_false(s.degraded);
    assert_int_equal(rows(h), 1);
    fw_history_close(h);
    assert_int_equal(files(state, "history.db.broken-"), 1);
}

static void a_file_that_is_no_database_is_set_aside(void **state)
{
    char *path = fixture_path(*state, "history.db");
    char noise[8192];

    memset(noise, 'x', sizeof(noise));
    write_all(path, noise, sizeof(noise));
    check_set_aside(state);
    free(path);
}

static void a_damaged_database_is_set_aside(void **state)
{
    char *path = fixture_path(*state, "history.db");
    struct fw_history *h = begin(state);
    struct fw_bytes all;

    for (int i = 0; i < 500; i++) {
        while (!push(h, i))
            fw_history_flush(h);
    }
    fw_history_close(h);
    all = read_all(path);
    memset(all.data + 4096, 0x5a, all.n - 4096); /* all but the first page */
    write_all(path, all.data, all.n);
    fw_bytes_close(&all);
    check_set_aside(state);
    free(path);
}

static void a_database_of_another_version_is_set_aside(void **state)
{
    sqlite3 *db;

    fw_history_close(begin(state));
    run_sql(state, "PRAGMA user_version=99", &db);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    check_set_aside(state);
}

static void every_kind_of_row_lands_in_its_table(void **state)
{
    struct fw_history *h = begin(state);
    struct fw_history_row r = {
        .kind = FW_ROW_DECISION, .job = "digits", .life_ms = NOW};
    sqlite3 *db;

    r.of.decision.decision.index = 1;
    r.of.decision.decision.unix_ms = NOW;
    assert_true(fw_history_push(h, &r));
    assert_true(fw_history_push(h, &r)); /* told twice: kept once */
    r.kind = FW_ROW_SESSION;
    r.of.session = (struct fw_history_session){
        .worker = "a", .epoch = 3, .state = FW_WORKER_CONNECTED};
    r.unix_ms = NOW + 1;
    assert_true(fw_history_push(h, &r));
    r.of.session.state = FW_WORKER_LOST;
    r.of.session.gradients = 9;
    r.unix_ms = NOW + 5;
    assert_true(fw_history_push(h, &r));
    r.kind = FW_ROW_EVENT;
    r.of.event = (struct fw_history_event){"lost", "worker a"};
    assert_true(fw_history_push(h, &r));
    assert_false(state_of(h).degraded);
    fw_history_close(h);
    run_sql(state,
            "CREATE TABLE verdict AS SELECT"
            " (SELECT count(*) FROM decisions) AS d,"
            " (SELECT count(*) FROM sessions) AS s,"
            " (SELECT left - joined FROM sessions) AS stay,"
            " (SELECT gradients FROM sessions WHERE why='lost') AS g,"
            " (SELECT count(*) FROM events WHERE event='lost') AS e;"
            "CREATE TABLE checked(d CHECK(d=1), s CHECK(s=1),"
            " stay CHECK(stay=4), g CHECK(g=9), e CHECK(e=1));"
            "INSERT INTO checked SELECT * FROM verdict",
            &db);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_queue_that_is_full_counts_what_it_drops, fixture_open,
            fixture_close),
        cmocka_unit_test_setup_teardown(
            a_database_that_stays_locked_degrades_and_comes_back, fixture_open,
            fixture_close),
        cmocka_unit_test_setup_teardown(a_full_disk_degrades_and_comes_back,
                                        fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_database_is_set_aside,
                                        fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(a_damaged_database_is_set_aside,
                                        fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(
            a_database_of_another_version_is_set_aside, fixture_open,
            fixture_close),
        cmocka_unit_test_setup_teardown(every_kind_of_row_lands_in_its_table,
                                        fixture_open, fixture_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
