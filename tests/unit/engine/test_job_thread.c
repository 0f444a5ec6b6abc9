/* A job's thread: what it publishes, and how it and the table of jobs end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/clock.h"
#include "server/engine/jobs.h"

#define MAX_JOBS 2

struct fixture {
    struct fw_jobs jobs;
    struct fw_tensor_spec tensor;
    struct fw_job_spec spec; /* borrows the tensor */
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (!f || fw_jobs_init(&f->jobs, MAX_JOBS, 7) != FW_OK)
        return -1;
    strcpy(f->tensor.name, "w");
    f->tensor.rank = 1;
    f->tensor.shape[0] = 3;
    strcpy(f->spec.name, "a");
    f->spec.tensors = (struct fw_tensor_list){&f->tensor, 1};
    f->spec.controller.reference_momentum = 0.9;
    f->spec.controller.reference_learning_rate = 0.1;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    fw_jobs_close(&f->jobs);
    free(f);
    return 0;
}

static struct fw_job_thread *start(struct fixture *f)
{
    struct fw_job_thread *t = NULL;
    struct fw_err err;

    assert_int_equal(fw_jobs_create(&f->jobs, &f->spec, &t, &err), FW_OK);
    return t;
}

/* A letter that says what became of it. */
struct probe {
    struct fw_letter letter;
    struct fw_job_thread *thread;
    struct fw_gather *gather; /* first parameters to give; or NULL */
    struct fw_version *seen;  /* what others saw once it was published */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int ran;
    int dropped;
};

static void tell(struct probe *p, int *what)
{
    pthread_mutex_lock(&p->lock);
    (*what)++;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

static void run(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct probe *p = (struct probe *)l; /* letter is first */
    struct fw_initialize_response r;
    struct fw_err err;

    (void)now_ms;
    if (p->gather && fw_job_initialize(job, p->gather, &r, &err) == FW_OK) {
        fw_job_thread_publish(p->thread);
        p->seen = fw_job_thread_version(p->thread);
    }
    tell(p, &p->ran);
}

static void drop(struct fw_letter *l)
{
    struct probe *p = (struct probe *)l;

    tell(p, &p->dropped);
}

static void probe_init(struct probe *p, struct fw_job_thread *t)
{
    *p = (struct probe){.letter = {.run = run, .drop = drop}, .thread = t};
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
}

static void wait_for(struct probe *p)
{
    pthread_mutex_lock(&p->lock);
    while (!p->ran && !p->dropped)
        pthread_cond_wait(&p->wake, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

static void a_letter_runs_once(void **state)
{
    struct fw_job_thread *t = start(*state);
    struct probe p;

    probe_init(&p, t);
    assert_int_equal(fw_job_thread_post(t, &p.letter), FW_OK);
    wait_for(&p);
    fw_job_thread_stop(t);
    assert_int_equal(p.ran, 1);
    assert_int_equal(p.dropped, 0);
    fw_job_thread_unref(t);
}

static void what_a_letter_published_others_see_at_once(void **state)
{
    struct fw_job_thread *t = start(*state);
    struct probe p;

    assert_null(fw_job_thread_version(t));
    probe_init(&p, t);
    assert_int_equal(fw_gather_create(fw_job_thread_pool(t), 3, FW_DTYPE_F32,
                                      NULL, &p.gather),
                     FW_OK);
    memset(p.gather->blocks[0]->data, 0, 3 * sizeof(float));
    p.gather->filled = 3;
    assert_int_equal(fw_job_thread_post(t, &p.letter), FW_OK);
    wait_for(&p);
    assert_non_null(p.seen);
    assert_int_equal(p.seen->number, 0);
    fw_version_unref(p.seen);
    fw_job_thread_unref(t);
}

static void a_stopped_job_refuses_letters_and_stays_readable(void **state)
{
    struct fw_job_thread *t = start(*state);
    struct fw_snapshot *s;
    struct probe p;

    fw_job_thread_stop(t);
    fw_job_thread_stop(t); /* safe twice */
    probe_init(&p, t);
    assert_int_equal(fw_job_thread_post(t, &p.letter), FW_CLOSED);
    assert_int_equal(p.ran + p.dropped, 0);
    s = fw_job_thread_snapshot(t);
    assert_string_equal(s->status.name, "a");
    assert_int_equal(s->status.incarnation, 7);
    fw_snapshot_unref(s);
    fw_job_thread_unref(t);
}

/* A worker that stays silent: the thread sleeps until its lease ends. */
static void join_as_one(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    const struct fw_join_request r = {.worker = "w",
                                      .wire_dtype = FW_DTYPE_F32,
                                      .protocol_min = FW_PROTOCOL,
                                      .protocol_max = FW_PROTOCOL};
    const uint8_t key[FW_SESSION_BYTES] = {1};
    struct probe *p = (struct probe *)l;
    struct fw_join_response joined;

    assert_int_equal(fw_job_join(job, &r, key, now_ms, &joined, NULL), FW_OK);
    tell(p, &p->ran);
}

static uint64_t snapshot_number(struct fw_job_thread *t)
{
    struct fw_snapshot *s = fw_job_thread_snapshot(t);
    uint64_t number = s->number;

    fw_snapshot_unref(s);
    return number;
}

static void the_last_change_is_shown_though_nothing_follows(void **state)
{
    struct fixture *f = *state;
    int64_t begun_ms = fw_clock_mono_ms();
    struct fw_job_thread *t;
    struct probe joins;

    f->spec.limits.max_workers = 1;
    f->spec.limits.lease_ms = FW_LEASE_DEFAULT_MS;
    t = start(f);
    probe_init(&joins, t);
    joins.letter.run = join_as_one;
    assert_int_equal(fw_job_thread_do(t, &joins.letter), FW_OK);
    wait_for(&joins);
    for (int i = 0; i < 5; i++) { /* some come just after a snapshot */
        uint64_t before;
        struct probe p;

        probe_init(&p, t);
        before = snapshot_number(t);
        assert_int_equal(fw_job_thread_do(t, &p.letter), FW_OK);
        wait_for(&p);
        while (snapshot_number(t) == before)
            (void)sched_yield();
    }
    assert_true(fw_clock_mono_ms() - begun_ms < FW_LEASE_DEFAULT_MS);
    fw_job_thread_unref(t);
}

static void a_name_is_taken_once_and_free_again_after(void **state)
{
    struct fixture *f = *state;
    struct fw_job_thread *t = start(f);
    struct fw_job_thread *taken;
    struct fw_err err;

    assert_int_equal(fw_jobs_create(&f->jobs, &f->spec, NULL, &err), FW_EXISTS);
    assert_string_equal(err.reason, "JOB_EXISTS");
    assert_int_equal(fw_jobs_take(&f->jobs, "a", &taken, &err), FW_OK);
    assert_ptr_equal(taken, t);
    fw_job_thread_stop(taken);
    fw_job_thread_unref(taken);
    fw_job_thread_unref(t);
    assert_int_equal(fw_jobs_find(&f->jobs, "a", &taken, &err), FW_NOT_FOUND);
    assert_string_equal(err.reason, "JOB_NOT_FOUND");
    fw_job_thread_unref(start(f));
}

static void one_job_too_many_is_refused(void **state)
{
    struct fixture *f = *state;
    struct fw_err err;

    for (int i = 0; i < MAX_JOBS; i++) {
        f->spec.name[0] = (char)('a' + i);
        fw_job_thread_unref(start(f));
    }
    strcpy(f->spec.name, "z");
    assert_int_equal(fw_jobs_create(&f->jobs, &f->spec, NULL, &err), FW_BUSY);
    assert_string_equal(err.reason, "TOO_MANY_JOBS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_letter_runs_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_a_letter_published_others_see_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_stopped_job_refuses_letters_and_stays_readable, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            the_last_change_is_shown_though_nothing_follows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_name_is_taken_once_and_free_again_after, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_job_too_many_is_refused, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
