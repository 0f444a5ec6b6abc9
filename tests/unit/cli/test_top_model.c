#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/top_model.h"
#include "tests/unit/cli/status.h"

static int set_up(void **state)
{
    struct fw_top_model *m = calloc(1, sizeof(*m));

    *state = m;
    if (!m)
        return -1;
    fw_top_init(m, NULL);
    return 0;
}

static int tear_down(void **state)
{
    fw_top_close(*state);
    free(*state);
    return 0;
}

static void give_jobs(struct fw_top_model *m)
{
    struct fw_status_response r;

    fill_jobs(&r);
    assert_int_equal(fw_top_take(m, "", &r), FW_OK);
    fw_status_response_close(&r);
}

static void give_alpha(struct fw_top_model *m, uint64_t version)
{
    struct fw_status_response r;

    fill_alpha(&r, version);
    assert_int_equal(fw_top_take(m, "alpha", &r), FW_OK);
    fw_status_response_close(&r);
}

static void press(struct fw_top_model *m, int key)
{
    assert_int_equal(fw_top_press(m, key), FW_OK);
}

static void type(struct fw_top_model *m, const char *keys)
{
    for (; *keys; keys++)
        press(m, *keys);
}

/* The names of all rows, in their order. */
static void check_rows(const struct fw_top_model *m, const char *names)
{
    char got[256] = "";

    for (size_t i = 0; i < m->table.n; i++) {
        size_t at = strlen(got);

        snprintf(got + at, sizeof(got) - at, "%s%s", i ? " " : "",
                 m->table.rows[i].name);
    }
    assert_string_equal(got, names);
}

static void rows_come_by_name(void **state)
{
    struct fw_top_model *m = *state;

    give_jobs(m);
    check_rows(m, "alpha beta gamma");
    assert_string_equal(m->chosen, "alpha");
}

static void a_digit_sorts_by_its_column_and_again_turns_it(void **state)
{
    struct fw_top_model *m = *state;

    give_jobs(m);
    press(m, '3'); /* WORKERS: the most first */
    check_rows(m, "beta alpha gamma");
    press(m, '3');
    check_rows(m, "gamma alpha beta");
    press(m, '9');
    press(m, '1');
    check_rows(m, "alpha beta gamma");
    press(m, 'r');
    check_rows(m, "gamma beta alpha");
}

static void what_is_unknown_goes_last_in_both_directions(void **state)
{
    struct fw_top_model *m = *state;

    give_jobs(m);
    press(m, '7'); /* LOSS; beta's is not known */
    check_rows(m, "alpha gamma beta");
    press(m, '7');
    check_rows(m, "gamma alpha beta");
}

static void the_next_and_the_previous_column_are_a_key_away(void **state)
{
    struct fw_top_model *m = *state;

    give_jobs(m);
    press(m, 's');
    assert_int_equal(m->column[0], 1);
    press(m, '>');
    assert_int_equal(m->column[0], 2);
    press(m, '<');
    press(m, '<');
    press(m, '<');
    assert_int_equal(m->column[0], fw_top_n_job_columns - 1);
}

static void a_column_is_found_by_its_title(void **state)
{
    struct fw_top_model *m = *state;

    assert_true(fw_top_sort_by(m, "workers"));
    give_jobs(m);
    check_rows(m, "beta alpha gamma");
    assert_false(fw_top_sort_by(m, "colour"));
}

static void typing_filters_at_once_and_escape_shows_all(void **state)
{
    struct fw_top_model *m = *state;

    give_jobs(m);
    type(m, "/MM");
    assert_true(m->typing);
    check_rows(m, "gamma");
    press(m, FW_KEY_BACKSPACE); /* "M" is in the law's name too */
    check_rows(m, "alpha beta gamma");
    type(m, "q"); /* a letter of the filter, not the end */
    assert_false(m->quit);
    check_rows(m, "");
    press(m, FW_KEY_ESCAPE);
    assert_false(m->typing);
    check_rows(m, "alpha beta gamma");
}

static void a_filter_stays_for_the_next_status(void **state)
{
    struct fw_top_model *m = *state;

    give_jobs(m);
    type(m, "/waiting");
    press(m, FW_KEY_ENTER);
    give_jobs(m);
    check_rows(m, "gamma");
    assert_int_equal(m->table.n_all, 3);
    press(m, FW_KEY_ESCAPE);
    check_rows(m, "alpha beta gamma");
}

static void the_selection_follows_its_job(void **state)
{
    struct fw_top_model *m = *state;

    give_jobs(m);
    press(m, FW_KEY_DOWN); /* beta */
    press(m, '3');         /* it is the first now */
    assert_string_equal(m->chosen, "beta");
    assert_int_equal(m->cursor, 0);
    press(m, FW_KEY_UP);
    assert_int_equal(m->cursor, 0);
    press(m, FW_KEY_END);
    press(m, FW_KEY_DOWN);
    assert_string_equal(m->chosen, "gamma");
    press(m, FW_KEY_PAGE_UP);
    assert_string_equal(m->chosen, "beta");
}

static void enter_looks_into_a_job_and_a_worker_and_escape_goes_back(
    void **state)
{
    struct fw_top_model *m = *state;

    give_jobs(m);
    press(m, FW_KEY_ENTER);
    assert_int_equal(m->view, FW_TOP_JOB);
    assert_string_equal(m->job, "alpha");
    assert_int_equal(m->table.n, 0);
    give_alpha(m, 5);
    check_rows(m, "gone slow steady");
    press(m, FW_KEY_DOWN);
    press(m, FW_KEY_ENTER);
    assert_int_equal(m->view, FW_TOP_WORKER);
    assert_non_null(fw_top_worker(m));
    assert_string_equal(fw_top_worker(m)->name, "slow");
    press(m, FW_KEY_ESCAPE);
    assert_int_equal(m->view, FW_TOP_JOB);
    press(m, FW_KEY_ESCAPE);
    assert_int_equal(m->view, FW_TOP_JOBS);
    assert_string_equal(m->job, "");
    check_rows(m, "alpha beta gamma");
}

static void an_answer_to_a_view_that_was_left_is_not_shown(void **state)
{
    struct fw_top_model *m = *state;

    give_jobs(m);
    give_alpha(m, 5);
    check_rows(m, "alpha beta gamma");
    press(m, FW_KEY_ENTER);
    give_jobs(m);
    assert_false(m->has_status);
}

static void a_job_of_the_command_line_has_no_list_to_go_back_to(void **state)
{
    struct fw_top_model *m = *state;

    fw_top_init(m, "alpha");
    give_alpha(m, 5);
    press(m, FW_KEY_ESCAPE);
    assert_int_equal(m->view, FW_TOP_JOB);
    check_rows(m, "gone slow steady");
}

static void history_grows_and_ends_with_its_job(void **state)
{
    struct fw_top_model *m = *state;

    give_jobs(m);
    press(m, FW_KEY_ENTER);
    for (uint64_t i = 0; i < FW_DRAWN_COLUMNS + 9; i++)
        give_alpha(m, i);
    assert_int_equal(m->loss.n, FW_DRAWN_COLUMNS);
    assert_int_equal(m->staleness.n, FW_DRAWN_COLUMNS);
    press(m, FW_KEY_ESCAPE);
    press(m, FW_KEY_ENTER);
    assert_int_equal(m->loss.n, 0);
}

static void a_pause_keeps_what_is_shown(void **state)
{
    struct fw_top_model *m = *state;

    fw_top_init(m, "alpha");
    give_alpha(m, 5);
    press(m, 'p');
    give_alpha(m, 6);
    assert_int_equal(m->status.version, 5);
    press(m, 'p');
    give_alpha(m, 7);
    assert_int_equal(m->status.version, 7);
}

static void help_takes_one_key_and_q_quits(void **state)
{
    struct fw_top_model *m = *state;

    give_jobs(m);
    press(m, '?');
    assert_true(m->help);
    press(m, '3');
    assert_false(m->help);
    check_rows(m, "alpha beta gamma");
    assert_false(m->quit);
    press(m, 'q');
    assert_true(m->quit);
}

static void keys_before_the_first_status_do_nothing(void **state)
{
    struct fw_top_model *m = *state;

    type(m, "123sr<>jkgGp");
    press(m, FW_KEY_ENTER);
    press(m, FW_KEY_PAGE_DOWN);
    assert_int_equal(m->view, FW_TOP_JOBS);
    assert_int_equal(m->cursor, 0);
}

static void a_worker_that_is_held_back_is_told_why(void **state)
{
    struct fw_status_response r;
    struct fw_worker_status *w;
    struct fw_job_status *j;

    (void)state;
    fill_alpha(&r, 1);
    assert_int_equal(r.n_jobs, 1);
    j = &r.jobs[0];
    w = &j->worker[0];
    assert_string_equal(fw_top_why(j, w), "");
    assert_string_equal(fw_top_why(j, &j->worker[1]), "slow");
    assert_string_equal(fw_top_why(j, &j->worker[2]), "");
    w->staleness_mean = 2.1;
    assert_string_equal(fw_top_why(j, w), "stale");
    w->refused = 101;
    assert_string_equal(fw_top_why(j, w), "refused");
    w->silent_ms = 5001;
    assert_string_equal(fw_top_why(j, w), "silent");
    w->quarantined = true;
    assert_string_equal(fw_top_why(j, w), "quarantined");
    fw_status_response_close(&r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_come_by_name),
        TEST(a_digit_sorts_by_its_column_and_again_turns_it),
        TEST(what_is_unknown_goes_last_in_both_directions),
        TEST(the_next_and_the_previous_column_are_a_key_away),
        TEST(a_column_is_found_by_its_title),
        TEST(typing_filters_at_once_and_escape_shows_all),
        TEST(a_filter_stays_for_the_next_status),
        TEST(the_selection_follows_its_job),
        TEST(enter_looks_into_a_job_and_a_worker_and_escape_goes_back),
        TEST(an_answer_to_a_view_that_was_left_is_not_shown),
        TEST(a_job_of_the_command_line_has_no_list_to_go_back_to),
        TEST(history_grows_and_ends_with_its_job),
        TEST(a_pause_keeps_what_is_shown),
        TEST(help_takes_one_key_and_q_quits),
        TEST(keys_before_the_first_status_do_nothing),
        TEST(a_worker_that_is_held_back_is_told_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
