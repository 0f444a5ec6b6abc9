/* Two snapshots in a row tell what happened between them, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/base/mem.h"
#include "server/http/events.h"

struct pair {
    struct fw_event_ring ring;
    struct fw_job_status before;
    struct fw_job_status now;
    struct fw_worker_status a[4]; /* of before */
    struct fw_worker_status b[4]; /* of now */
};

static int setup(void **state)
{
    struct pair *p = fw_mem_array(1, sizeof(*p));

    if (!p)
        return -1;
    p->before.state = p->now.state = FW_JOB_TRAINING;
    p->before.worker = p->a;
    p->now.worker = p->b;
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct pair *p = *state;

    fw_event_ring_close(&p->ring);
    free(p);
    return 0;
}

static void put(struct fw_job_status *j, uint64_t epoch,
                enum fw_worker_state state, bool quarantined)
{
    struct fw_worker_status *w = &j->worker[j->n_workers++];

    *w = (struct fw_worker_status){
        .epoch = epoch, .state = state, .quarantined = quarantined};
    snprintf(w->name, sizeof(w->name), "w%u", (unsigned)epoch);
}

/* Names of all events, in order, with blanks between. */
static void assert_events(struct pair *p, const char *want)
{
    json_t *all;
    json_t *one;
    char got[1024] = "";
    size_t i;

    fw_events_compare(&p->ring, &p->before, &p->now, 1500);
    all = fw_events_json(&p->ring, FW_EVENTS_KEPT);
    json_array_foreach(json_object_get(all, "events"), i, one)
    {
        size_t n = strlen(got);

        snprintf(got + n, sizeof(got) - n, "%s%s", n ? " " : "",
                 json_string_value(json_object_get(one, "event")));
        assert_true(json_number_value(json_object_get(one, "time")) == 1.5);
    }
    json_decref(all);
    assert_string_equal(got, want);
}

static void nothing_new_is_nothing_told(void **state)
{
    struct pair *p = *state;

    put(&p->before, 1, FW_WORKER_CONNECTED, false);
    put(&p->now, 1, FW_WORKER_CONNECTED, false);
    assert_events(p, "");
}

static void workers_come_and_go(void **state)
{
    struct pair *p = *state;

    put(&p->before, 1, FW_WORKER_CONNECTED, false);
    put(&p->before, 2, FW_WORKER_CONNECTED, false);
    put(&p->before, 3, FW_WORKER_LEFT, false);
    put(&p->now, 1, FW_WORKER_LOST, false);
    put(&p->now, 2, FW_WORKER_LEFT, false);
    put(&p->now, 3, FW_WORKER_LEFT, false);
    put(&p->now, 4, FW_WORKER_CONNECTED, false);
    assert_events(p, "lost left joined");
}

static void who_came_and_went_between_two_looks_is_told(void **state)
{
    struct pair *p = *state;

    put(&p->before, 1, FW_WORKER_LEFT, false);
    put(&p->now, 2, FW_WORKER_LOST, false); /* the first is forgotten */
    assert_events(p, "joined lost");
}

static void quarantine_is_told_and_its_end(void **state)
{
    struct pair *p = *state;

    put(&p->before, 1, FW_WORKER_CONNECTED, false);
    put(&p->before, 2, FW_WORKER_CONNECTED, true);
    put(&p->now, 1, FW_WORKER_CONNECTED, true);
    put(&p->now, 2, FW_WORKER_CONNECTED, false);
    assert_events(p, "quarantined released");
}

static void checkpoints_fail_degrade_and_recover(void **state)
{
    struct pair *p = *state;

    p->now.checkpoint_failures = FW_DEGRADED_FROM - 1;
    assert_events(p, "checkpoint_failed");
    p->before = p->now;
    p->now.checkpoint_failures = FW_DEGRADED_FROM;
    assert_events(p, "checkpoint_failed checkpoint_failed degraded");
    p->before = p->now;
    p->now.checkpoint_failures = 0;
    p->now.durable_version = 7;
    assert_events(p, "checkpoint_failed checkpoint_failed degraded "
                     "checkpoint_saved recovered");
}

static void law_loss_and_first_parameters_are_told(void **state)
{
    struct pair *p = *state;

    p->before.state = FW_JOB_WAITING;
    p->before.momentum.law = FW_LAW_FIXED;
    p->now.momentum.law = FW_LAW_COUNT;
    p->now.momentum.loss_alarms = 1;
    p->now.groups = 2;
    assert_events(p, "started law_changed loss_alarm groups_changed");
}

static void a_new_job_is_opened_and_old_files_are_no_news(void **state)
{
    struct pair *p = *state;

    snprintf(p->now.checkpoint, sizeof(p->now.checkpoint), "file");
    p->now.durable_version = 9;
    put(&p->now, 1, FW_WORKER_CONNECTED, false);
    p->before = p->now; /* nothing more is to be told */
    fw_events_begin(&p->ring, &p->now, 1500);
    assert_events(p, "opened joined");
}

static void only_the_newest_are_kept(void **state)
{
    struct pair *p = *state;
    json_t *all;
    json_t *list;

    for (uint32_t i = 0; i < FW_EVENTS_KEPT + 5; i++) {
        p->now.groups = i + 1;
        fw_events_compare(&p->ring, &p->before, &p->now, i);
    }
    all = fw_events_json(&p->ring, 3);
    list = json_object_get(all, "events");
    assert_int_equal(json_array_size(list), 3);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(list, 2), "text")),
        "517 groups step together, 0 before");
    json_decref(all);
    all = fw_events_json(&p->ring, UINT64_MAX);
    assert_int_equal(json_array_size(json_object_get(all, "events")),
                     FW_EVENTS_KEPT);
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_new_is_nothing_told, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(workers_come_and_go, setup, teardown),
        cmocka_unit_test_setup_teardown(
            who_came_and_went_between_two_looks_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(quarantine_is_told_and_its_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(checkpoints_fail_degrade_and_recover,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(law_loss_and_first_parameters_are_told,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_new_job_is_opened_and_old_files_are_no_news, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_newest_are_kept, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
