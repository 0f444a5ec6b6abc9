/* Jobs that share a thread each get their part of it, by time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/rpc/turns.h"

#define JOBS   3
#define CREW   8
#define END_US 1000000

/* Workers of a job, each of which sends again `rest_us` after it was served. */
struct crowd {
    int n;
    int64_t cost_us;
    int64_t rest_us;
    int64_t served_us;
    int turns;
};

struct worker {
    struct fw_turn turn;
    struct crowd *crowd;
    int64_t back_us; /* -1: it waits */
};

/* Never looked into; far enough apart for lines of their own. */
static char places[JOBS][64];

static void put_those_who_are_back(struct fw_turns *t, struct worker *w, int n,
                                   int64_t now_us)
{
    for (int i = 0; i < n; i++) {
        if (w[i].back_us < 0 || w[i].back_us > now_us)
            continue;
        w[i].back_us = -1;
        fw_turns_see(t, w[i].turn.whose);
        fw_turns_put(t, &w[i].turn);
    }
}

/* A thread that serves the crowds for END_US. */
static void serve(struct crowd *crowds, int n_crowds)
{
    struct worker workers[JOBS * CREW];
    struct fw_turns t;
    int64_t now_us = 0;
    int n = 0;

    fw_turns_init(&t);
    for (int c = 0; c < n_crowds; c++) {
        for (int i = 0; i < crowds[c].n; i++)
            workers[n++] =
                (struct worker){.turn.whose = places[c], .crowd = &crowds[c]};
    }
    while (now_us < END_US) {
        struct fw_turn *turn;
        struct worker *w;

        put_those_who_are_back(&t, workers, n, now_us);
        turn = fw_turns_take(&t);
        if (!turn) {
            now_us++;
            continue;
        }
        w = FW_LIST_ITEM(turn, struct worker, turn);
        now_us += w->crowd->cost_us;
        fw_turns_charge(&t, w->crowd->cost_us);
        w->crowd->served_us += w->crowd->cost_us;
        w->crowd->turns++;
        w->back_us = now_us + w->crowd->rest_us;
    }
}

static void many_workers_get_no_more_than_one(void **state)
{
    struct crowd c[] = {{8, 100, 0, 0, 0}, {2, 100, 0, 0, 0}};

    (void)state;
    serve(c, 2);
    assert_in_range(c[0].turns, 4990, 5010);
    assert_in_range(c[1].turns, 4990, 5010);
}

static void large_models_get_no_more_time_than_small_ones(void **state)
{
    struct crowd c[] = {
        {8, 1300, 0, 0, 0}, {2, 10, 0, 0, 0}, {1, 200, 0, 0, 0}};

    (void)state;
    serve(c, 3);
    for (int i = 0; i < 2; i++) /* the third has but one worker: it blinks */
        assert_in_range(c[i].served_us, END_US * 30 / 100, END_US * 40 / 100);
    assert_true(c[2].served_us > END_US * 10 / 100);
}

/* A lone worker that wants little waits for one turn of the others at most,
 * not for one of each of their workers. */
static void who_wants_little_gets_it_at_once(void **state)
{
    struct crowd c[] = {{8, 300, 0, 0, 0}, {1, 10, 90, 0, 0}};

    (void)state;
    serve(c, 2);
    assert_in_range(c[1].turns, END_US / (300 + 10 + 90) - 50, END_US / 100);
    assert_true(c[0].served_us > END_US * 9 / 10);
}

static void rest_is_no_credit(void **state)
{
    struct fw_turn a[50];
    struct fw_turn b[50];
    struct fw_turns t;
    int in_a_row = 0;

    (void)state;
    fw_turns_init(&t);
    for (int i = 0; i < 50; i++) {
        a[i].whose = places[0];
        b[i].whose = places[1];
        fw_turns_put(&t, &a[i]);
    }
    for (int i = 0; i < 40; i++) {
        assert_ptr_equal(fw_turns_take(&t), &a[i]);
        fw_turns_charge(&t, 1000);
    }
    for (int i = 0; i < 50; i++)
        fw_turns_put(&t, &b[i]);
    while (t.n && fw_turns_take(&t)->whose == places[1]) {
        fw_turns_charge(&t, 1000);
        in_a_row++;
    }
    assert_in_range(in_a_row, 1, 2);
}

static void a_line_keeps_its_order_and_nobody_is_forgotten(void **state)
{
    struct fw_turn some[20];
    struct fw_turns t;
    int next[2] = {0, 1};

    (void)state;
    fw_turns_init(&t);
    assert_null(fw_turns_take(&t));
    for (int i = 0; i < 20; i++) {
        some[i].whose = i % 2 ? places[1] : NULL;
        fw_turns_put(&t, &some[i]);
    }
    for (int i = 0; i < 20; i++) {
        struct fw_turn *got = fw_turns_take(&t);
        int line = got->whose ? 1 : 0;

        assert_ptr_equal(got, &some[next[line]]);
        next[line] += 2;
        fw_turns_charge(&t, 7);
    }
    assert_null(fw_turns_take(&t));
    assert_int_equal(t.n, 0);
}

static void one_job_alone_is_not_mixed(void **state)
{
    struct fw_turns t;

    (void)state;
    fw_turns_init(&t);
    for (int i = 0; i < 1000; i++) {
        fw_turns_see(&t, places[0]);
        fw_turns_see(&t, NULL);
        assert_false(fw_turns_mixed(&t));
    }
    fw_turns_see(&t, places[1]);
    for (int i = 0; i < FW_TURN_MIXED; i++) {
        assert_true(fw_turns_mixed(&t));
        fw_turns_see(&t, places[1]);
    }
    assert_false(fw_turns_mixed(&t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_workers_get_no_more_than_one),
        cmocka_unit_test(large_models_get_no_more_time_than_small_ones),
        cmocka_unit_test(who_wants_little_gets_it_at_once),
        cmocka_unit_test(rest_is_no_credit),
        cmocka_unit_test(a_line_keeps_its_order_and_nobody_is_forgotten),
        cmocka_unit_test(one_job_alone_is_not_mixed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
