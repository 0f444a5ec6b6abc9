/* A gradient that is stepped while it comes makes the step that it makes when
 * it is gathered first, or none. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/job/fixture.h"

#define N    (2 * FW_BLOCK_ELEMENTS + 12345)
#define MANY 512 /* more gradients than there is room for */
#define PIECE                                                                  \
    50000u /* elements that land at a time: no multiple of anything            \
            */

struct wave_fixture {
    struct fw_job job; /* owned */
    uint64_t epoch;    /* of worker "w" */
    uint64_t other;    /* of worker "other" */
    float *x;          /* owned; N elements of a gradient */
};

static int open(void **state)
{
    struct wave_fixture *f = calloc(1, sizeof(*f));
    struct fw_join_response join;

    if (!f)
        return -1;
    job_open(&f->job, N, FW_LAW_COUNT);
    assert_int_equal(job_join(&f->job, "w", 1, 0, &join, NULL), FW_OK);
    f->epoch = join.epoch;
    assert_int_equal(job_join(&f->job, "other", 2, 0, &join, NULL), FW_OK);
    f->other = join.epoch;
    f->x = malloc(N * sizeof(float));
    assert_non_null(f->x);
    for (size_t i = 0; i < N; i++)
        f->x[i] = sinf((float)i);
    *state = f;
    return 0;
}

static int shut(void **state)
{
    struct wave_fixture *f = *state;

    fw_job_close(&f->job);
    free(f->x);
    free(f);
    return 0;
}

/* A gradient of `epoch` that has not begun to come. */
static struct fw_gather *announce(struct wave_fixture *f, uint64_t sequence)
{
    struct fw_gather *g;

    assert_int_equal(fw_gather_create(f->job.pool, N, FW_DTYPE_F32, NULL, &g),
                     FW_OK);
    g->head = (struct fw_gradient_head){
        .sequence = sequence,
        .base_version = f->job.current->number,
        .samples = 1,
        .loss = 1.0,
        .curvature = NAN,
    };
    return g;
}

/* So many elements of it come; how many blocks are ready then. */
static uint32_t come(struct wave_fixture *f, struct fw_gather *g, size_t n)
{
    struct fw_version *next = NULL;
    uint32_t ready = 0;

    while (n) {
        size_t here = n < PIECE ? n : PIECE;
        struct fw_span span;
        struct fw_run run =
            run_of(&span, f->x + g->filled, here * sizeof(float));

        assert_int_equal(fw_gather_add(g, g->filled, &run, NULL), FW_OK);
        if (g->wave)
            ready = fw_wave_step(g->wave, g, &next);
        n -= here;
    }
    return ready;
}

static fw_status push(struct wave_fixture *f, struct fw_gather *g,
                      struct fw_gradient_ack *ack, struct fw_err *err)
{
    return fw_job_push(&f->job, f->epoch, g, 0, ack, err);
}

static void a_wave_makes_the_step_that_a_gathered_gradient_makes(void **state)
{
    struct wave_fixture *f = *state;
    struct wave_fixture *twin;
    void *other;

    assert_int_equal(open(&other), 0);
    twin = other;
    for (uint64_t i = 1; i <= 20; i++) { /* the sensor looks at each 8th */
        struct fw_gather *a = announce(f, i);
        struct fw_gather *b = announce(twin, i);
        struct fw_gradient_ack ack_a;
        struct fw_gradient_ack ack_b;

        assert_true(fw_job_wave(&f->job, f->epoch, a, 0));
        assert_int_equal(come(f, a, FW_BLOCK_ELEMENTS + PIECE), 1);
        assert_int_equal(come(f, a, N - a->filled), 3);
        assert_int_equal(come(twin, b, FW_BLOCK_ELEMENTS + PIECE), 0);
        assert_int_equal(come(twin, b, N - b->filled), 0);
        assert_int_equal(push(f, a, &ack_a, NULL), FW_OK);
        assert_int_equal(push(twin, b, &ack_b, NULL), FW_OK);
        assert_string_equal(ack_a.reason, "");
        assert_int_equal(ack_a.version, i);
        assert_true(ack_a.momentum == ack_b.momentum);
        assert_true(ack_a.learning_rate == ack_b.learning_rate);
        assert_true(job_hash(&f->job) == job_hash(&twin->job));
        assert_true(f->job.optimizer.gradient_norm ==
                    twin->job.optimizer.gradient_norm);
        assert_true(fabs(f->job.optimizer.update_norm /
                             twin->job.optimizer.update_norm -
                         1.0) < 1e-9);
        assert_memory_equal(&f->job.sample, &twin->job.sample,
                            sizeof(f->job.sample));
    }
    shut(&other);
}

static void a_gradient_that_ends_in_the_middle_leaves_no_trace(void **state)
{
    struct wave_fixture *f = *state;
    uint64_t before = job_hash(&f->job);
    uint64_t bytes = fw_pool_bytes_in_use(f->job.pool);
    struct fw_gather *g = announce(f, 1);

    assert_true(fw_job_wave(&f->job, f->epoch, g, 0));
    assert_int_equal(come(f, g, N - 1), 2);
    fw_gather_close(g);
    assert_true(job_hash(&f->job) == before);
    assert_int_equal(fw_wave_progress(&f->job.wave), 0);
    fw_optimizer_no_spare(&f->job.optimizer);
    assert_int_equal(fw_pool_bytes_in_use(f->job.pool), bytes);
}

static void a_refused_gradient_leaves_no_trace_but_its_answer(void **state)
{
    struct wave_fixture *f = *state;
    uint64_t before = job_hash(&f->job);
    struct fw_gather *g = announce(f, 1);
    struct fw_gradient_ack ack;

    f->x[N - 1] = NAN;
    assert_true(fw_job_wave(&f->job, f->epoch, g, 0));
    (void)come(f, g, N);
    assert_int_equal(push(f, g, &ack, NULL), FW_OK);
    assert_string_equal(ack.reason, "NON_FINITE");
    assert_true(job_hash(&f->job) == before);
}

static void another_step_overtakes_a_wave_which_can_be_sent_again(void **state)
{
    struct wave_fixture *f = *state;
    struct fw_gather *g = announce(f, 1);
    struct fw_gradient_ack ack;
    struct fw_err err;
    uint64_t before;

    assert_true(fw_job_wave(&f->job, f->epoch, g, 0));
    assert_int_equal(come(f, g, N / 2), 1);
    assert_int_equal(job_push(&f->job, f->other, 1, 0, 1.0f, &ack), FW_OK);
    assert_int_equal(ack.version, 1);
    assert_int_equal(come(f, g, N - g->filled), 0);
    before = job_hash(&f->job);
    assert_int_equal(push(f, g, &ack, &err), FW_UNAVAILABLE);
    assert_string_equal(err.reason, "OVERTAKEN");
    assert_true(job_hash(&f->job) == before);

    g = announce(f, 1);
    (void)come(f, g, N);
    assert_int_equal(push(f, g, &ack, NULL), FW_OK);
    assert_string_equal(ack.reason, "");
    assert_int_equal(ack.version, 2);
}

/* It has to be made shorter, which must be known before it is stepped. */
static void an_outlier_is_not_taken_from_a_wave(void **state)
{
    struct wave_fixture *f = *state;
    struct fw_gradient_ack ack;
    struct fw_gather *g;
    struct fw_err err;
    uint64_t before;
    uint64_t i;

    for (i = 1; i <= 30; i++) { /* now the gate knows what is usual */
        g = announce(f, i);
        (void)come(f, g, N);
        assert_int_equal(push(f, g, &ack, NULL), FW_OK);
    }
    for (size_t k = 0; k < N; k++)
        f->x[k] *= 1e4f;
    g = announce(f, i);
    assert_true(fw_job_wave(&f->job, f->epoch, g, 0));
    (void)come(f, g, N);
    before = job_hash(&f->job);
    assert_int_equal(push(f, g, &ack, &err), FW_UNAVAILABLE);
    assert_string_equal(err.reason, "OVERTAKEN");
    assert_true(job_hash(&f->job) == before);
    assert_int_equal(f->job.gate.clipped, 0);

    g = announce(f, i);
    (void)come(f, g, N);
    assert_int_equal(push(f, g, &ack, NULL), FW_OK);
    assert_string_equal(ack.reason, "");
    assert_int_equal(f->job.gate.clipped, 1);
}

static void a_wave_is_begun_only_by_a_gradient_that_would_be_applied(
    void **state)
{
    struct wave_fixture *f = *state;
    struct fw_gather *g = announce(f, 2); /* a gap */
    struct fw_gather *second;

    assert_false(fw_job_wave(&f->job, f->epoch, g, 0));
    g->head.sequence = 1;
    g->head.base_version = 1; /* there is none yet */
    assert_false(fw_job_wave(&f->job, f->epoch, g, 0));
    g->head.base_version = 0;
    assert_false(fw_job_wave(&f->job, 12345, g, 0));
    f->job.optimizer.spec.clip_norm = 1.0;
    assert_false(fw_job_wave(&f->job, f->epoch, g, 0));
    f->job.optimizer.spec.clip_norm = 0.0;
    second = announce(f, 1); /* another one is on its way */
    assert_false(fw_job_wave(&f->job, f->epoch, g, 0));
    fw_gather_close(second);
    assert_true(fw_job_wave(&f->job, f->epoch, g, 0));
    fw_gather_close(g);
}

static void granted(struct fw_gather_waiter *w, struct fw_gather *g)
{
    (void)w;
    fw_gather_close(g);
}

static void who_waits_for_room_gets_what_waves_have_kept(void **state)
{
    struct wave_fixture *f = *state;
    struct fw_gather_waiter w = {.granted = granted};
    struct fw_gather *all[MANY];
    struct fw_gather *g = announce(f, 1);
    fw_status s = FW_OK;
    unsigned n = 0;

    assert_true(fw_job_wave(&f->job, f->epoch, g, 0));
    while (s == FW_OK && n < MANY) {
        s = fw_gather_create(f->job.pool, N, FW_DTYPE_F32, &w, &all[n]);
        n += s == FW_OK;
    }
    assert_int_equal(s, FW_BUSY);
    fw_job_relieve(&f->job, 0); /* not while the wave is under way */
    assert_true(fw_pool_has_line(f->job.pool));
    fw_wave_break(&f->job.wave);
    fw_job_relieve(&f->job, 0);
    assert_false(fw_pool_has_line(f->job.pool));
    assert_null(f->job.optimizer.spare.at);
    while (n)
        fw_gather_close(all[--n]);
    fw_gather_close(g);
    g = announce(f, 1);
    assert_false(fw_job_wave(&f->job, f->epoch, g, 9999)); /* for a while */
    assert_true(fw_job_wave(&f->job, f->epoch, g, 10000));
    fw_gather_close(g);
}

static void without_memory_there_is_no_wave(void **state)
{
    struct wave_fixture *f = *state;
    struct fw_gather *g = announce(f, 1);
    uint64_t bytes = fw_pool_bytes_in_use(f->job.pool);
    bool begun = false;

    for (long n = 0; !begun && n < 10; n++) {
        fault_arm(n);
        begun = fw_job_wave(&f->job, f->epoch, g, 0);
        assert_true(fault_disarm() != begun);
        if (!begun)
            fw_optimizer_no_spare(&f->job.optimizer);
        assert_true(begun || fw_pool_bytes_in_use(f->job.pool) == bytes);
    }
    assert_true(begun);
    fw_gather_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_wave_makes_the_step_that_a_gathered_gradient_makes, open, shut),
        cmocka_unit_test_setup_teardown(
            a_gradient_that_ends_in_the_middle_leaves_no_trace, open, shut),
        cmocka_unit_test_setup_teardown(
            a_refused_gradient_leaves_no_trace_but_its_answer, open, shut),
        cmocka_unit_test_setup_teardown(
            another_step_overtakes_a_wave_which_can_be_sent_again, open, shut),
        cmocka_unit_test_setup_teardown(an_outlier_is_not_taken_from_a_wave,
                                        open, shut),
        cmocka_unit_test_setup_teardown(
            a_wave_is_begun_only_by_a_gradient_that_would_be_applied, open,
            shut),
        cmocka_unit_test_setup_teardown(
            who_waits_for_room_gets_what_waves_have_kept, open, shut),
        cmocka_unit_test_setup_teardown(without_memory_there_is_no_wave, open,
                                        shut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
