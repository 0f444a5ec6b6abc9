/* What a checkpoint holds beside the floats comes back as it was. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/job/saved.h"
#include "tests/unit/job/fixture.h"

#define N     100u
#define LATER 1000000

/* Two workers and three gradients; the second worker's last one is refused. */
static void live(struct fw_job *job, uint64_t epochs[2])
{
    struct fw_join_response join;
    struct fw_gradient_ack ack;

    job_open(job, N, FW_LAW_COUNT);
    assert_int_equal(job_join(job, "a", 1, 0, &join, NULL), FW_OK);
    epochs[0] = join.epoch;
    assert_int_equal(job_join(job, "b", 2, 0, &join, NULL), FW_OK);
    epochs[1] = join.epoch;
    assert_int_equal(job_push(job, epochs[0], 1, 0, 1.0f, &ack), FW_OK);
    assert_int_equal(job_push(job, epochs[1], 1, 0, 1.0f, &ack), FW_OK);
    assert_int_equal(job_push(job, epochs[0], 2, 1, 1.0f, &ack), FW_OK);
    assert_int_equal(job_push(job, epochs[1], 2, 0, NAN, &ack), FW_OK);
    assert_string_equal(ack.reason, "NON_FINITE");
}

/* By way of bytes, into a job of a server that was started later. */
static fw_status come_back_as(const struct fw_job_spec *spec,
                              const struct fw_saved_job *saved,
                              struct fw_job *to)
{
    struct fw_saved_job read = {0};
    struct fw_bytes raw = {0};
    fw_status s = fw_job_init(to, spec, 2, LATER, NULL);

    if (s != FW_OK)
        return s;
    s = fw_encode_saved_job(saved, &raw);
    if (s == FW_OK)
        s = fw_decode_saved_job(raw.data, raw.n, &read, NULL);
    if (s == FW_OK)
        s = fw_job_resurrect(to, &read, LATER, NULL);
    fw_saved_job_close(&read);
    fw_bytes_close(&raw);
    if (s != FW_OK)
        fw_job_close(to);
    return s;
}

static fw_status come_back(const struct fw_saved_job *saved, struct fw_job *to)
{
    struct fw_job_spec spec = spec_of(N);

    spec.controller.law = FW_LAW_COUNT;
    return come_back_as(&spec, saved, to);
}

static void assert_resumes(struct fw_job *job, uint64_t epoch,
                           uint64_t sequence, uint64_t applied,
                           const char *reason)
{
    struct fw_opened opened;
    struct fw_gradient_ack last;

    assert_true(fw_job_resume(job, epoch, &opened, &last));
    assert_int_equal(opened.sequence, sequence);
    assert_int_equal(opened.applied, applied);
    assert_int_equal(opened.incarnation, 2);
    assert_int_equal(last.sequence, sequence);
    assert_string_equal(last.reason, reason);
    assert_true(last.duplicate);
}

static void sessions_go_on_where_they_were(void **state)
{
    struct fw_saved_job saved;
    uint8_t key[FW_SESSION_BYTES];
    enum fw_dtype dtype;
    uint64_t epochs[2];
    uint64_t epoch;
    struct fw_job job;
    struct fw_job back;

    (void)state;
    live(&job, epochs);
    assert_int_equal(fw_job_save(&job, &saved), FW_OK);
    assert_int_equal(come_back(&saved, &back), FW_OK);
    memset(key, 1, sizeof(key));
    assert_int_equal(fw_job_open(&back, key, LATER, &epoch, &dtype, NULL),
                     FW_OK);
    assert_int_equal(epoch, epochs[0]);
    assert_resumes(&back, epochs[0], 2, 2, "");
    assert_resumes(&back, epochs[1], 2, 1, "NON_FINITE");
    fw_saved_job_close(&saved);
    fw_job_close(&back);
    fw_job_close(&job);
}

static void the_controller_and_the_report_come_back(void **state)
{
    struct fw_saved_job saved;
    uint64_t epochs[2];
    struct fw_job job;
    struct fw_job back;

    (void)state;
    live(&job, epochs);
    fw_controller_curvature(&job.controller, 4.0, 3, 10);
    assert_int_equal(fw_job_save(&job, &saved), FW_OK);
    assert_int_equal(come_back(&saved, &back), FW_OK);
    assert_true(back.controller.momentum == job.controller.momentum);
    assert_true(back.controller.curvature.h == job.controller.curvature.h);
    assert_int_equal(back.controller.workers, 2);
    assert_int_equal(back.controller.staleness.n, 3);
    assert_int_equal(back.controller.staleness.sum,
                     job.controller.staleness.sum);
    assert_int_equal(back.report.applied, 3);
    assert_int_equal(back.report.refused, 1);
    fw_saved_job_close(&saved);
    fw_job_close(&back);
    fw_job_close(&job);
}

static void epochs_rise_above_those_that_were_not_saved(void **state)
{
    struct fw_join_response join;
    struct fw_join_response unsaved;
    struct fw_saved_job saved;
    uint64_t epochs[2];
    struct fw_job job;
    struct fw_job back;

    (void)state;
    live(&job, epochs);
    assert_int_equal(fw_job_save(&job, &saved), FW_OK);
    assert_int_equal(job_join(&job, "c", 3, 0, &unsaved, NULL), FW_OK);
    assert_int_equal(come_back(&saved, &back), FW_OK);
    assert_int_equal(job_join(&back, "d", 4, LATER, &join, NULL), FW_OK);
    assert_true(join.epoch > unsaved.epoch);
    fw_saved_job_close(&saved);
    fw_job_close(&back);
    fw_job_close(&job);
}

/* The worker may have gone down too; another with its name need not wait. */
static void a_silent_session_makes_way_for_its_name(void **state)
{
    struct fw_join_response join;
    struct fw_saved_job saved;
    uint64_t epochs[2];
    struct fw_job job;
    struct fw_job back;
    struct fw_err err;

    (void)state;
    live(&job, epochs);
    assert_int_equal(fw_job_save(&job, &saved), FW_OK);
    assert_int_equal(come_back(&saved, &back), FW_OK);
    assert_int_equal(fw_job_touch(&back, epochs[0], LATER, &err), FW_OK);
    assert_int_equal(job_join(&back, "a", 5, LATER, &join, &err), FW_EXISTS);
    assert_int_equal(job_join(&back, "b", 6, LATER, &join, &err), FW_OK);
    assert_int_equal(fw_job_touch(&back, epochs[1], LATER, &err), FW_STALE);
    assert_int_equal(back.sessions.connected, 2);
    fw_saved_job_close(&saved);
    fw_job_close(&back);
    fw_job_close(&job);
}

static void leases_begin_anew(void **state)
{
    struct fw_saved_job saved;
    uint64_t epochs[2];
    struct fw_job job;
    struct fw_job back;

    (void)state;
    live(&job, epochs);
    assert_int_equal(fw_job_save(&job, &saved), FW_OK);
    assert_int_equal(come_back(&saved, &back), FW_OK);
    fw_job_tick(&back, LATER + FW_LEASE_DEFAULT_MS);
    assert_int_equal(back.sessions.connected, 2);
    fw_job_tick(&back, LATER + FW_LEASE_DEFAULT_MS + 1);
    assert_int_equal(back.sessions.connected, 0);
    fw_saved_job_close(&saved);
    fw_job_close(&back);
    fw_job_close(&job);
}

static void impossible_numbers_are_corrupt(void **state)
{
    struct fw_saved_job saved;
    uint64_t epochs[2];
    struct fw_job job;
    struct fw_job back;

    (void)state;
    live(&job, epochs);
    assert_int_equal(fw_job_save(&job, &saved), FW_OK);
    saved.controller.momentum = 1.5;
    assert_int_equal(come_back(&saved, &back), FW_CORRUPT);
    saved.controller.momentum = 0.5;
    memcpy(saved.sessions[1].worker, saved.sessions[0].worker, FW_NAME_MAX);
    assert_int_equal(come_back(&saved, &back), FW_CORRUPT);
    fw_saved_job_close(&saved);
    fw_job_close(&job);
}

static void decisions_of_earlier_servers_stand_before_its_own(void **state)
{
    struct fw_decision_message old[] = {
        {.index = 7, .unix_ms = 5 * LATER, .sentence = "It was so."}};
    const struct fw_decision_list list = {.items = old, .n = 1};
    struct fw_job_spec spec = spec_of(N);
    struct fw_decision_list all;
    struct fw_job job;

    (void)state;
    assert_int_equal(fw_job_init(&job, &spec, 2, LATER, NULL), FW_OK);
    fault_arm(0);
    assert_int_equal(fw_job_remember(&job, &list, LATER), FW_NOMEM);
    assert_true(fault_disarm());
    assert_string_equal(fw_decision_log_last(&job.controller.log)->cause,
                        "start");
    assert_int_equal(fw_job_remember(&job, &list, LATER), FW_OK);
    fw_controller_members(&job.controller, 1, FW_MEMBER_RESTORED, NULL, 1,
                          LATER);
    assert_int_equal(fw_job_decisions(&job, 0, 0, 2 * LATER, &all), FW_OK);
    assert_int_equal(all.n, 2);
    assert_string_equal(all.items[0].sentence, "It was so.");
    assert_int_equal(all.items[0].unix_ms, 6 * LATER);
    assert_int_equal(all.items[1].index, 8);
    assert_string_equal(all.items[1].cause, "restart");
    fw_decision_list_close(&all);
    fw_job_close(&job);
}

/* The server crashed after it decided something that no checkpoint has. */
static void the_last_decision_is_what_is_in_force(void **state)
{
    struct fw_decision_message old = {.index = 7, .law = FW_LAW_MANUAL};
    const struct fw_decision_list list = {.items = &old, .n = 1};
    struct fw_job_spec spec = spec_of(N);
    const struct fw_decision *last;
    struct fw_controller *c;
    struct fw_job job;

    (void)state;
    assert_int_equal(fw_job_init(&job, &spec, 2, LATER, NULL), FW_OK);
    c = &job.controller;
    c->law = FW_LAW_MANUAL;
    c->momentum = c->pinned_momentum = 0.25;
    c->rate = c->pinned_rate = 0.5;
    old.momentum_after = 0.375;
    old.learning_rate_after = 0.5;
    snprintf(old.binding, sizeof(old.binding), "as then");
    assert_int_equal(fw_job_remember(&job, &list, LATER), FW_OK);
    fw_job_confirm(&job, LATER);
    last = fw_decision_log_last(&c->log);
    assert_int_equal(last->index, 8);
    assert_string_equal(last->cause, "restart");
    assert_true(last->momentum_after == 0.25 && c->momentum == 0.25);

    old.momentum_after = 0.25;
    assert_int_equal(fw_job_remember(&job, &list, LATER), FW_OK);
    fw_job_confirm(&job, LATER);
    assert_int_equal(fw_decision_log_last(&c->log)->index, 7);
    assert_string_equal(c->binding, "as then");
    fw_job_close(&job);
}

static void every_failed_allocation_is_told(void **state)
{
    struct fw_job_spec spec = spec_of(N);
    struct fw_saved_job saved = {0};
    uint64_t epochs[2];
    struct fw_job job;
    struct fw_job back;
    bool done = false;
    long n;

    (void)state;
    live(&job, epochs);
    for (n = 0; !done && n < 100; n++) {
        bool failed;
        fw_status s;

        fault_arm(n);
        s = fw_job_save(&job, &saved);
        if (s == FW_OK)
            s = come_back_as(&spec, &saved, &back);
        failed = fault_disarm();
        assert_true(s == FW_OK || failed);
        done = s == FW_OK && !failed;
        if (s == FW_OK)
            fw_job_close(&back);
        fw_saved_job_close(&saved);
    }
    assert_true(done);
    assert_true(n > 10);
    fw_job_close(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_go_on_where_they_were),
        cmocka_unit_test(the_controller_and_the_report_come_back),
        cmocka_unit_test(epochs_rise_above_those_that_were_not_saved),
        cmocka_unit_test(a_silent_session_makes_way_for_its_name),
        cmocka_unit_test(leases_begin_anew),
        cmocka_unit_test(impossible_numbers_are_corrupt),
        cmocka_unit_test(decisions_of_earlier_servers_stand_before_its_own),
        cmocka_unit_test(the_last_decision_is_what_is_in_force),
        cmocka_unit_test(every_failed_allocation_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
