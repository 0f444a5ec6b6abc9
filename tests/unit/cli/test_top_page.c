#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/top_page.h"
#include "tests/unit/cli/status.h"

struct fixture {
    struct fw_top_model model;
    struct fw_top_page page;
    struct fw_top_link link;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    if (!f)
        return -1;
    fw_top_init(&f->model, NULL);
    f->page = (struct fw_top_page){.width = 120, .height = 40};
    f->link.address = "host:7070";
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    fw_top_page_close(&f->page);
    fw_top_close(&f->model);
    free(f);
    return 0;
}

static void look_at_alpha(struct fixture *f)
{
    struct fw_status_response r;

    fw_top_init(&f->model, "alpha");
    fill_alpha(&r, 42);
    assert_int_equal(fw_top_take(&f->model, "alpha", &r), FW_OK);
    fw_status_response_close(&r);
}

static void draw(struct fixture *f)
{
    assert_int_equal(fw_top_draw(&f->page, &f->model, &f->link), FW_OK);
}

/* The line with a text; NULL: none. */
static const struct fw_top_line *line_with(const struct fixture *f,
                                           const char *text)
{
    for (size_t i = 0; i < f->page.n; i++) {
        if (strstr(f->page.lines[i].text, text))
            return &f->page.lines[i];
    }
    return NULL;
}

static void a_page_is_as_high_and_no_wider_than_the_screen(void **state)
{
    struct fixture *f = *state;

    look_at_alpha(f);
    for (unsigned height = 1; height < 50; height++) {
        for (unsigned width = 1; width < 130; width += 7) {
            f->page.height = height;
            f->page.width = width;
            draw(f);
            assert_int_equal(f->page.n, height);
            for (size_t i = 0; i < f->page.n; i++)
                assert_true(strlen(f->page.lines[i].text) <= width);
        }
    }
}

static void a_job_shows_its_momenta_as_bars_and_its_decision(void **state)
{
    struct fixture *f = *state;

    look_at_alpha(f);
    draw(f);
    assert_non_null(line_with(f, "alpha: training, version 42"));
    assert_non_null(line_with(f, "################......"));
    assert_non_null(line_with(f, "0.400 in use"));
    assert_non_null(line_with(f, "0.900 where the law wants it"));
    assert_non_null(line_with(f, "- measured"));
    assert_non_null(line_with(f, "Worker slow joined"));
    assert_int_equal(line_with(f, "gone  ")->style, FW_TOP_SELECTED);
    assert_int_equal(line_with(f, "slow  ")->style, FW_TOP_WARN);
}

static void negative_momentum_moves_zero_to_the_middle(void **state)
{
    struct fixture *f = *state;

    look_at_alpha(f);
    f->model.status.momentum.momentum = -0.5;
    draw(f);
    assert_non_null(line_with(f, "##########..........|......"));
}

static void a_step_beyond_its_bound_is_bad(void **state)
{
    struct fixture *f = *state;

    look_at_alpha(f);
    f->model.status.momentum.effective_step = 0.3;
    f->model.status.momentum.step_bound = 0.2;
    draw(f);
    assert_int_equal(line_with(f, "effective; bound 0.2")->style, FW_TOP_BAD);
    f->model.status.momentum.step_bound = 0.0;
    draw(f);
    assert_int_equal(line_with(f, "bound not known")->style, FW_TOP_PLAIN);
}

static void a_long_decision_is_broken_between_words(void **state)
{
    struct fixture *f = *state;

    look_at_alpha(f);
    f->page.width = 40;
    draw(f);
    assert_non_null(line_with(f, "decision     Worker slow joined:"));
    assert_non_null(line_with(f, "             momentum 0.9 to 0.4."));
}

static void a_low_screen_still_has_the_workers(void **state)
{
    struct fixture *f = *state;

    look_at_alpha(f);
    f->page.height = 10;
    draw(f);
    assert_non_null(line_with(f, "WORKER"));
    assert_non_null(line_with(f, "steady"));
    assert_non_null(line_with(f, "q quit"));
}

static void the_selected_row_is_always_in_sight(void **state)
{
    struct fixture *f = *state;
    struct fw_status_response r;

    fill_jobs(&r);
    assert_int_equal(fw_top_take(&f->model, "", &r), FW_OK);
    fw_status_response_close(&r);
    f->page.height = 4; /* one row */
    for (size_t i = 0; i < 3; i++) {
        draw(f);
        assert_int_equal(f->page.lines[2].style, FW_TOP_SELECTED);
        assert_non_null(line_with(f, f->model.chosen));
        assert_int_equal(fw_top_press(&f->model, FW_KEY_DOWN), FW_OK);
    }
}

static void a_stale_status_says_so_with_its_reason(void **state)
{
    struct fixture *f = *state;

    look_at_alpha(f);
    f->link.stale = true;
    f->link.age_ms = 7900;
    strcpy(f->link.trouble, "connection refused");
    draw(f);
    assert_int_equal(f->page.lines[0].style, FW_TOP_BAD);
    assert_non_null(line_with(f, "stale: 7 s old: connection refused"));
}

static void without_a_screen_there_are_no_keys_and_no_cursor(void **state)
{
    struct fixture *f = *state;

    look_at_alpha(f);
    f->page.height = 0;
    draw(f);
    assert_null(line_with(f, "q quit"));
    for (size_t i = 0; i < f->page.n; i++)
        assert_int_not_equal(f->page.lines[i].style, FW_TOP_SELECTED);
    assert_non_null(line_with(f, "steady"));
}

static void a_worker_is_shown_with_what_to_do(void **state)
{
    struct fixture *f = *state;

    look_at_alpha(f);
    assert_int_equal(fw_top_press(&f->model, 'j'), FW_OK);
    assert_int_equal(fw_top_press(&f->model, FW_KEY_ENTER), FW_OK);
    draw(f);
    assert_non_null(line_with(f, "slow of alpha: connected"));
    assert_non_null(line_with(f, "below half of the mean rate"));
    f->model.status.n_workers = 0;
    draw(f);
    assert_non_null(line_with(f, "slow: not in the job alpha any more"));
}

static void help_explains_the_keys(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(fw_top_press(&f->model, '?'), FW_OK);
    draw(f);
    assert_non_null(line_with(f, "filter by name"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_is_as_high_and_no_wider_than_the_screen),
        TEST(a_job_shows_its_momenta_as_bars_and_its_decision),
        TEST(negative_momentum_moves_zero_to_the_middle),
        TEST(a_step_beyond_its_bound_is_bad),
        TEST(a_long_decision_is_broken_between_words),
        TEST(a_low_screen_still_has_the_workers),
        TEST(the_selected_row_is_always_in_sight),
        TEST(a_stale_status_says_so_with_its_reason),
        TEST(without_a_screen_there_are_no_keys_and_no_cursor),
        TEST(a_worker_is_shown_with_what_to_do),
        TEST(help_explains_the_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
