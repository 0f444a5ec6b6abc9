/* Workers that step together: one step a round, whoever is missing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/job/fixture.h"

#define N        FIXTURE_ELEMENTS
#define WORKERS  4u
#define DEADLINE 100 /* ms */

/* A worker whose gradients may be held. */
struct member {
    struct fw_held held; /* first */
    struct fw_join_response join;
    uint64_t sequence;
    int answered; /* by the group, later than its push */
    int dropped;
    struct fw_gradient_ack ack; /* the last one */
};

struct team {
    struct fw_job job; /* owned */
    struct member member[WORKERS];
};

static void on_answer(struct fw_held *h, struct fw_job *job,
                      const struct fw_gradient_ack *ack)
{
    struct member *m = (struct member *)h;

    (void)job;
    m->answered++;
    m->ack = *ack;
}

static void on_drop(struct fw_held *h)
{
    ((struct member *)h)->dropped++;
}

/* A job under `spec` at version 0, its parameters 1, 2, 3 ... */
static struct team *gather_team(const struct fw_controller_spec *c)
{
    struct team *t = calloc(1, sizeof(*t));
    struct fw_job_spec spec = spec_of(N);
    struct fw_initialize_response out;
    float x[N];
    char name[8];

    assert_non_null(t);
    for (uint32_t i = 0; i < N; i++)
        x[i] = (float)(i + 1);
    spec.controller.groups = c->groups;
    spec.controller.groups_auto = c->groups_auto;
    spec.controller.buffer = c->buffer;
    spec.controller.straggler_deadline_ms = c->straggler_deadline_ms;
    assert_int_equal(fw_job_init(&t->job, &spec, 7, 0, NULL), FW_OK);
    assert_int_equal(
        fw_job_initialize(&t->job, gather_of(t->job.pool, x, N), &out, NULL),
        FW_OK);
    for (uint32_t i = 0; i < WORKERS; i++) {
        snprintf(name, sizeof(name), "w%u", i);
        t->member[i].held = (struct fw_held){on_answer, on_drop};
        assert_int_equal(job_join(&t->job, name, (uint8_t)(i + 1), 0,
                                  &t->member[i].join, NULL),
                         FW_OK);
    }
    return t;
}

static void part(struct team *t)
{
    fw_job_drop_held(&t->job);
    fw_job_close(&t->job);
    free(t);
}

/* The version that member i is to compute at, asked for at `now_ms`. */
static uint64_t base_of(struct team *t, uint32_t i, int64_t now_ms)
{
    struct fw_version *v =
        fw_job_base(&t->job, t->member[i].join.epoch, now_ms);
    uint64_t number;

    assert_non_null(v);
    number = v->number;
    fw_version_unref(v);
    return number;
}

/* Member i pushes a gradient of `value` at `base`; FW_BUSY: it is held. */
static fw_status push_at(struct team *t, uint32_t i, uint64_t base, float value,
                         int64_t now_ms)
{
    struct member *m = &t->member[i];
    float x[N];
    struct fw_gather *g;
    fw_status s;

    for (uint32_t k = 0; k < N; k++)
        x[k] = value;
    g = gather_of(t->job.pool, x, N);
    g->head.sequence = ++m->sequence;
    g->head.base_version = base;
    g->head.samples = 10;
    s = fw_job_push(&t->job, m->join.epoch, g, now_ms, &m->ack, NULL);
    if (s == FW_BUSY)
        fw_job_hold(&t->job, m->join.epoch, &m->held);
    return s;
}

static fw_status push(struct team *t, uint32_t i, float value)
{
    return push_at(t, i, base_of(t, i, 1), value, 1);
}

static void leave(struct team *t, uint32_t i)
{
    uint8_t session[FW_SESSION_BYTES];

    memset(session, (int)i + 1, sizeof(session));
    fw_job_leave(&t->job, session, 2);
}

/* What a job without groups becomes after one gradient of `value`. */
static uint64_t alone(float value)
{
    struct fw_join_response join;
    struct fw_gradient_ack ack;
    struct fw_job job;
    uint64_t h;

    job_open(&job, N, FW_LAW_FIXED);
    assert_int_equal(job_join(&job, "w", 9, 0, &join, NULL), FW_OK);
    assert_int_equal(job_push(&job, join.epoch, 1, 0, value, &ack), FW_OK);
    h = job_hash(&job);
    fw_job_close(&job);
    return h;
}

static void one_group_is_synchronous_sgd_on_the_mean(void **state)
{
    struct team *t = gather_team(&(struct fw_controller_spec){.groups = 1});

    (void)state;
    assert_int_equal(push(t, 0, 1.0f), FW_BUSY);
    assert_int_equal(push(t, 1, 2.0f), FW_BUSY);
    assert_int_equal(push(t, 2, 4.0f), FW_BUSY);
    assert_int_equal(t->job.current->number, 0);
    assert_int_equal(push(t, 3, 5.0f), FW_OK);
    assert_int_equal(t->job.current->number, 1);
    assert_true(job_hash(&t->job) == alone(3.0f)); /* bit for bit */
    for (uint32_t i = 0; i < WORKERS; i++) {
        assert_int_equal(t->member[i].answered, i < 3);
        assert_string_equal(t->member[i].ack.reason, "");
        assert_int_equal(t->member[i].ack.version, 1);
        assert_int_equal(t->member[i].ack.staleness, 0);
        assert_int_equal(base_of(t, i, 2), 1);
    }
    assert_int_equal(t->job.report.applied, 4);
    assert_int_equal(t->job.report.samples, 40);
    part(t);
}

static void groups_are_asynchronous_to_each_other(void **state)
{
    struct team *t = gather_team(&(struct fw_controller_spec){.groups = 2});
    uint32_t mate = 1;

    (void)state;
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(base_of(t, i, 1), 0);
    assert_int_equal(push(t, 0, 1.0f), FW_BUSY);
    while (push_at(t, mate, 0, 3.0f, 1) == FW_BUSY)
        mate++; /* the first of the other group waits, too */
    assert_true(mate < WORKERS);
    assert_int_equal(t->job.current->number, 1);
    assert_int_equal(base_of(t, 0, 2), 1);
    for (uint32_t i = 1; i < WORKERS; i++) {
        if (i == mate)
            assert_int_equal(base_of(t, i, 2), 1);
        else
            assert_int_equal(base_of(t, i, 2), 0); /* shared in its group */
    }
    part(t);
}

static void a_member_that_dies_is_not_waited_for(void **state)
{
    struct team *t = gather_team(&(struct fw_controller_spec){.groups = 1});

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(push(t, i, 2.0f), FW_BUSY);
    leave(t, 3);
    assert_int_equal(t->job.current->number, 1);
    assert_true(job_hash(&t->job) == alone(2.0f));
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(t->member[i].answered, 1);
    part(t);
}

static void a_member_that_dies_after_delivery_has_counted(void **state)
{
    struct team *t = gather_team(&(struct fw_controller_spec){.groups = 1});

    (void)state;
    assert_int_equal(push(t, 0, 7.0f), FW_BUSY);
    leave(t, 0);
    assert_int_equal(t->member[0].answered, 1);
    assert_string_equal(t->member[0].ack.reason, "FENCED");
    for (uint32_t i = 1; i < 3; i++)
        assert_int_equal(push(t, i, 1.0f), FW_BUSY);
    assert_int_equal(push(t, 3, 3.0f), FW_OK);
    assert_true(job_hash(&t->job) == alone(3.0f)); /* (7 + 1 + 1 + 3)/4 */
    part(t);
}

static void a_straggler_is_waited_for_until_the_deadline(void **state)
{
    struct team *t = gather_team(&(struct fw_controller_spec){
        .groups = 1, .straggler_deadline_ms = DEADLINE});

    (void)state;
    assert_true(fw_job_next_ms(&t->job) > DEADLINE + 1); /* a lease's end */
    assert_int_equal(base_of(t, 3, 1), 0);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(push(t, i, 2.0f), FW_BUSY);
    assert_int_equal(fw_job_next_ms(&t->job), 1 + DEADLINE);
    fw_job_tick(&t->job, DEADLINE);
    assert_int_equal(t->job.current->number, 0);
    fw_job_tick(&t->job, 1 + DEADLINE);
    assert_int_equal(t->job.current->number, 1);
    assert_true(job_hash(&t->job) == alone(2.0f));
    assert_int_equal(push_at(t, 3, 0, 9.0f, 2 + DEADLINE), FW_OK);
    assert_string_equal(t->member[3].ack.reason, "LATE");
    assert_true(job_hash(&t->job) == alone(2.0f));
    assert_int_equal(base_of(t, 3, 3 + DEADLINE), 1); /* and it goes on */
    assert_int_equal(push_at(t, 3, 1, 2.0f, 4 + DEADLINE), FW_BUSY);
    part(t);
}

static void a_buffer_steps_with_any_k(void **state)
{
    struct team *t = gather_team(&(struct fw_controller_spec){.buffer = 2});

    (void)state;
    assert_int_equal(push(t, 0, 1.0f), FW_BUSY);
    assert_int_equal(push(t, 1, 3.0f), FW_OK);
    assert_true(job_hash(&t->job) == alone(2.0f));
    assert_int_equal(push_at(t, 2, 0, 1.0f, 1), FW_BUSY); /* one version old */
    assert_int_equal(push_at(t, 3, 0, 1.0f, 1), FW_OK);
    assert_int_equal(t->job.current->number, 2);
    assert_int_equal(t->member[3].ack.staleness, 1);
    assert_int_equal(t->job.report.applied, 4);
    part(t);
}

static void a_push_sent_again_replaces_the_one_that_waits(void **state)
{
    struct team *t = gather_team(&(struct fw_controller_spec){.groups = 1});
    struct member other = {.held = {on_answer, on_drop}};
    float x[N] = {0};
    struct fw_gather *g = gather_of(t->job.pool, x, N);

    (void)state;
    assert_int_equal(push(t, 0, 8.0f), FW_BUSY);
    g->head.sequence = 1; /* as if by a new stream */
    assert_int_equal(
        fw_job_push(&t->job, t->member[0].join.epoch, g, 2, &other.ack, NULL),
        FW_BUSY);
    fw_job_hold(&t->job, t->member[0].join.epoch, &other.held);
    assert_int_equal(t->member[0].dropped, 1);
    for (uint32_t i = 1; i < WORKERS; i++)
        (void)push(t, i, 0.0f);
    assert_int_equal(other.answered, 1);
    assert_int_equal(t->member[0].answered, 0);
    assert_true(job_hash(&t->job) == alone(2.0f)); /* counted once */
    part(t);
}

static void who_waits_is_told_that_the_job_ends(void **state)
{
    struct team *t = gather_team(&(struct fw_controller_spec){.groups = 1});

    (void)state;
    assert_int_equal(push(t, 0, 8.0f), FW_BUSY);
    fw_job_drop_held(&t->job);
    assert_int_equal(t->member[0].dropped, 1);
    fw_job_drop_held(&t->job);
    assert_int_equal(t->member[0].dropped, 1);
    part(t);
}

/* Rounds of four workers, of which the last is ten times slower. */
static void play(struct team *t, int64_t until_ms)
{
    for (int64_t now_ms = 10; now_ms <= until_ms; now_ms += 10) {
        for (uint32_t i = 0; i < WORKERS; i++) {
            if (i < 3 || now_ms % 100 == 0)
                (void)push_at(t, i, base_of(t, i, now_ms - 10), 0.01f, now_ms);
            (void)base_of(t, i, now_ms);
        }
    }
}

static void arranged_by_speed_a_slow_worker_has_its_own_group(void **state)
{
    struct team *t =
        gather_team(&(struct fw_controller_spec){.groups_auto = true});
    struct fw_session *slow;

    (void)state;
    assert_int_equal(fw_groups_asynchrony(&t->job), WORKERS);
    play(t, 1000);
    slow = fw_sessions_by_epoch(&t->job.sessions, t->member[3].join.epoch);
    slow->service_ms = 100.0;
    assert_int_equal(fw_groups_arrange(&t->job, 1, 1000), FW_OK);
    assert_int_equal(fw_groups_asynchrony(&t->job), 2);
    assert_int_equal(t->job.groups.items[slow->group].members, 1);
    part(t);
}

static void what_was_begun_before_a_new_arrangement_is_not_late(void **state)
{
    struct team *t =
        gather_team(&(struct fw_controller_spec){.groups_auto = true});

    (void)state;
    for (uint32_t i = 0; i < WORKERS; i++)
        assert_int_equal(base_of(t, i, 1), 0);
    assert_int_equal(push_at(t, 0, 0, 1.0f, 2), FW_OK); /* alone: at once */
    assert_int_equal(fw_groups_arrange(&t->job, 1, 3), FW_OK);
    assert_int_equal(base_of(t, 0, 3), 1);
    assert_int_equal(push_at(t, 0, 1, 1.0f, 4), FW_BUSY);
    for (uint32_t i = 1; i < 3; i++)
        assert_int_equal(push_at(t, i, 0, 1.0f, 4), FW_BUSY);
    assert_int_equal(push_at(t, 3, 0, 1.0f, 4), FW_OK);
    assert_string_equal(t->member[3].ack.reason, "");
    assert_int_equal(t->job.current->number, 2);
    assert_int_equal(t->job.report.refused, 0);
    part(t);
}

static void a_group_keeps_one_gradients_memory(void **state)
{
    struct team *t = gather_team(&(struct fw_controller_spec){.groups = 1});
    uint32_t held = 0;

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(push(t, i, 2.0f), FW_BUSY);
    for (uint32_t i = 0; i < t->job.groups.n; i++)
        held += t->job.groups.items[i].sum != NULL;
    assert_int_equal(held, 1);
    assert_int_equal(t->job.groups.items[0].n, 3);
    part(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_group_is_synchronous_sgd_on_the_mean),
        cmocka_unit_test(groups_are_asynchronous_to_each_other),
        cmocka_unit_test(a_member_that_dies_is_not_waited_for),
        cmocka_unit_test(a_member_that_dies_after_delivery_has_counted),
        cmocka_unit_test(a_straggler_is_waited_for_until_the_deadline),
        cmocka_unit_test(a_buffer_steps_with_any_k),
        cmocka_unit_test(a_push_sent_again_replaces_the_one_that_waits),
        cmocka_unit_test(who_waits_is_told_that_the_job_ends),
        cmocka_unit_test(arranged_by_speed_a_slow_worker_has_its_own_group),
        cmocka_unit_test(what_was_begun_before_a_new_arrangement_is_not_late),
        cmocka_unit_test(a_group_keeps_one_gradients_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
