/* The stability twin runs on the pool: results come home, nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/errands.h"
#include "server/engine/jobs.h"

struct fixture {
    uv_loop_t loop;
    struct fw_errands errands;
    struct fw_jobs jobs;
    struct fw_tensor_spec tensor;
    struct fw_job_spec spec; /* borrows the tensor */
    struct fw_job_thread *job;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct fw_err err;

    if (!f || fw_jobs_init(&f->jobs, 1, 7) != FW_OK ||
        fw_errands_init(&f->errands) != FW_OK || uv_loop_init(&f->loop))
        return -1;
    f->jobs.thinker = &f->errands.thinker;
    f->tensor = (struct fw_tensor_spec){.name = "w", .rank = 1, .shape = {3}};
    strcpy(f->spec.name, "a");
    f->spec.tensors = (struct fw_tensor_list){&f->tensor, 1};
    f->spec.controller.reference_momentum = 0.9;
    f->spec.controller.reference_learning_rate = 0.1;
    *state = f;
    return fw_jobs_create(&f->jobs, &f->spec, &f->job, &err) == FW_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    int left;

    fw_job_thread_unref(f->job);
    fw_jobs_close(&f->jobs);
    fw_errands_shut(&f->errands);
    uv_run(&f->loop, UV_RUN_DEFAULT); /* until the pool has ended, too */
    left = uv_loop_close(&f->loop);
    fw_errands_close(&f->errands);
    free(f);
    return left; /* a handle that was forgotten fails the test */
}

/* Joins a worker, or does nothing, and says when it was done. */
struct call {
    struct fw_letter letter; /* first */
    const char *worker;      /* NULL: do nothing */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool over;
    double twin_ms; /* of the job then */
    uint32_t workers;
};

static void run(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct call *c = (struct call *)l;
    struct fw_join_request r = {.wire_dtype = FW_DTYPE_F32,
                                .protocol_min = FW_PROTOCOL,
                                .protocol_max = FW_PROTOCOL};
    uint8_t session[FW_SESSION_BYTES];
    struct fw_controller_view view;
    struct fw_join_response out;

    if (c->worker) {
        strcpy(r.worker, c->worker);
        memset(session, c->worker[0], sizeof(session));
        assert_int_equal(fw_job_join(job, &r, session, now_ms, &out, NULL),
                         FW_OK);
    }
    fw_controller_view(&job->controller, &view);
    pthread_mutex_lock(&c->lock);
    c->twin_ms = view.twin_ms;
    c->workers = view.workers;
    c->over = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
}

static void drop(struct fw_letter *l)
{
    (void)l;
    fail_msg("a letter was dropped");
}

/* Returns once the job has run it: so all that came before is thought about. */
static struct call call(struct fw_job_thread *t, const char *worker)
{
    struct call c = {.letter = {.run = run, .drop = drop}, .worker = worker};

    pthread_mutex_init(&c.lock, NULL);
    pthread_cond_init(&c.wake, NULL);
    assert_int_equal(fw_job_thread_post(t, &c.letter), FW_OK);
    pthread_mutex_lock(&c.lock);
    while (!c.over)
        pthread_cond_wait(&c.wake, &c.lock);
    pthread_mutex_unlock(&c.lock);
    pthread_cond_destroy(&c.wake);
    pthread_mutex_destroy(&c.lock);
    return c;
}

static void a_result_comes_home_with_its_cost(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(fw_errands_open(&f->errands, &f->loop), FW_OK);
    (void)call(f->job, "w1");
    assert_true(call(f->job, "w2").twin_ms == 0.0);
    while (call(f->job, NULL).twin_ms == 0.0)
        uv_run(&f->loop, UV_RUN_ONCE);
}

/* No letter but the joins: the tick is not waited for. */
static void a_change_of_membership_wakes_the_loop_by_itself(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(fw_errands_open(&f->errands, &f->loop), FW_OK);
    (void)call(f->job, "w1");
    (void)call(f->job, "w2");
    uv_run(&f->loop, UV_RUN_ONCE); /* waits until it is woken */
    assert_true(uv_loop_alive(&f->loop));
    assert_null(f->errands.first);
}

static void a_job_may_go_while_its_twin_waits_or_runs(void **state)
{
    struct fixture *f = *state;
    struct fw_job_thread *taken;
    struct fw_err err;

    assert_int_equal(fw_errands_open(&f->errands, &f->loop), FW_OK);
    (void)call(f->job, "w1");
    (void)call(f->job, "w2");
    (void)call(f->job, NULL); /* now the errand is in the list */
    assert_non_null(f->errands.first);
    assert_int_equal(fw_jobs_take(&f->jobs, "a", &taken, &err), FW_OK);
    fw_job_thread_stop(taken);
    fw_job_thread_unref(taken);
    fw_job_thread_unref(f->job);
    f->job = NULL; /* the errand holds the last reference */
    uv_run(&f->loop, UV_RUN_ONCE);
}

static void errands_that_never_reached_the_loop_are_let_go(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(fw_errands_open(&f->errands, &f->loop), FW_OK);
    (void)call(f->job, "w1");
    (void)call(f->job, "w2");
    (void)call(f->job, NULL);
    assert_non_null(f->errands.first);
}

static void without_a_loop_nothing_is_kept(void **state)
{
    struct fixture *f = *state;

    (void)call(f->job, "w1");
    (void)call(f->job, "w2");
    assert_int_equal(call(f->job, NULL).workers, 2);
    assert_null(f->errands.first);
}

/* Counts, and does nothing. */
struct counter {
    struct fw_thinker thinker; /* first */
    int asked;                 /* atomic */
};

static void count(struct fw_thinker *t, struct fw_job_thread *job,
                  const struct fw_thought *thought)
{
    (void)job;
    assert_true(thought->has_twin && thought->twin.n_momenta > 0);
    __atomic_add_fetch(&((struct counter *)t)->asked, 1, __ATOMIC_RELAXED);
}

static void one_run_at_a_time_however_many_join(void **state)
{
    struct fixture *f = *state;
    struct counter c = {.thinker = {.think = count}};
    struct fw_job_thread *t;
    struct fw_err err;

    assert_int_equal(
        fw_job_thread_create(fw_job_thread_spec(f->job), 7, &t, &err), FW_OK);
    fw_job_thread_set_thinker(t, &c.thinker);
    assert_int_equal(fw_job_thread_run(t, &err), FW_OK);
    (void)call(t, "1");
    (void)call(t, "2");
    (void)call(t, "3");
    (void)call(t, "4");
    (void)call(t, NULL);
    assert_int_equal(__atomic_load_n(&c.asked, __ATOMIC_RELAXED), 1);
    fw_job_thread_thought(t);
    (void)call(t, NULL);
    (void)call(t, NULL);
    assert_int_equal(__atomic_load_n(&c.asked, __ATOMIC_RELAXED), 2);
    fw_job_thread_stop(t);
    fw_job_thread_unref(t);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_result_comes_home_with_its_cost),
        TEST(a_change_of_membership_wakes_the_loop_by_itself),
        TEST(a_job_may_go_while_its_twin_waits_or_runs),
        TEST(errands_that_never_reached_the_loop_are_let_go),
        TEST(without_a_loop_nothing_is_kept),
        TEST(one_run_at_a_time_however_many_join),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
