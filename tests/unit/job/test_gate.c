/* Poisoned gradients do not reach the model, and who sends them is kept out. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/job/fixture.h"

#define N 100u

/* A job whose worker has pushed `n` gradients of ones. */
static uint64_t open_job(struct fw_job *job, uint64_t n)
{
    struct fw_join_response join;
    struct fw_gradient_ack ack;

    job_open(job, N, FW_LAW_FIXED);
    assert_int_equal(job_join(job, "a", 1, 0, &join, NULL), FW_OK);
    for (uint64_t i = 1; i <= n; i++) {
        assert_int_equal(job_push(job, join.epoch, i, i - 1, 1.0f, &ack),
                         FW_OK);
        assert_string_equal(ack.reason, "");
    }
    return join.epoch;
}

/* Whether gradient `sequence` of this value is refused, and how. */
static void assert_refused(struct fw_job *job, uint64_t epoch,
                           uint64_t sequence, float value, const char *reason)
{
    struct fw_gradient_ack ack;
    uint64_t before = job_hash(job);

    assert_int_equal(job_push(job, epoch, sequence, 0, value, &ack), FW_OK);
    assert_string_equal(ack.reason, reason);
    if (reason[0])
        assert_true(job_hash(job) == before);
}

static void an_outlier_is_clipped_to_ten_medians(void **state)
{
    struct fw_job job;
    uint64_t epoch = open_job(&job, 16);

    (void)state;
    assert_refused(&job, epoch, 17, 9.0f, "");
    assert_int_equal(job.gate.clipped, 0);
    assert_refused(&job, epoch, 18, 1000.0f, "");
    assert_int_equal(job.gate.clipped, 1);
    assert_true(fabs(job.optimizer.gradient_norm - 10.0 * sqrt(N)) < 1e-3);
    fw_job_close(&job);
}

static void a_job_may_refuse_outliers(void **state)
{
    struct fw_job job;
    uint64_t epoch = open_job(&job, 16);

    (void)state;
    job.gate.reject = true;
    assert_refused(&job, epoch, 17, 11.0f, "OUTLIER");
    assert_refused(&job, epoch, 18, -11.0f, "OUTLIER");
    assert_refused(&job, epoch, 19, 9.0f, "");
    fw_job_close(&job);
}

static void a_job_may_have_no_gate(void **state)
{
    struct fw_limits_spec none = {.outlier_norm = -1.0};
    struct fw_job job;
    uint64_t epoch = open_job(&job, 0);

    (void)state;
    fw_gate_init(&job.gate, &none);
    for (uint64_t i = 1; i <= 20; i++)
        assert_refused(&job, epoch, i, 1.0f, "");
    assert_refused(&job, epoch, 21, 1e6f, "");
    assert_int_equal(job.gate.clipped, 0);
    fw_job_close(&job);
}

static void three_bad_ones_in_a_hundred_are_quarantined(void **state)
{
    struct fw_join_response join;
    struct fw_job job;
    uint64_t epoch = open_job(&job, 20);

    (void)state;
    assert_refused(&job, epoch, 21, NAN, "NON_FINITE");
    assert_refused(&job, epoch, 22, INFINITY, "NON_FINITE");
    assert_refused(&job, epoch, 23, 1.0f, "");
    assert_refused(&job, epoch, 24, NAN, "NON_FINITE");
    assert_refused(&job, epoch, 25, 1.0f, "QUARANTINED");
    fw_job_leave(&job,
                 (uint8_t[FW_SESSION_BYTES]){1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                             1, 1, 1, 1},
                 0);
    assert_int_equal(job_join(&job, "a", 2, 0, &join, NULL), FW_OK);
    assert_refused(&job, join.epoch, 1, 1.0f, "QUARANTINED");
    assert_int_equal(fw_job_release(&job, "nobody", 0, NULL), FW_NOT_FOUND);
    assert_int_equal(fw_job_release(&job, "a", 0, NULL), FW_OK);
    assert_refused(&job, join.epoch, 2, 1.0f, "");
    fw_job_close(&job);
}

static void what_is_clipped_is_no_mark_unless_it_is_gross(void **state)
{
    struct fw_job job;
    uint64_t epoch = open_job(&job, 20);

    (void)state;
    for (uint64_t i = 21; i < 30; i++)
        assert_refused(&job, epoch, i, i % 2 ? 50.0f : 1.0f, "");
    assert_int_equal(job.gate.clipped, 5);
    for (uint64_t i = 30; i < 33; i++)
        assert_refused(&job, epoch, i, 1e6f, "");
    assert_refused(&job, epoch, 33, 1.0f, "QUARANTINED");
    fw_job_close(&job);
}

/* What a small problem looks like that is nearly learnt: two batches of three
 * have next to no gradient, one has a sample that is still wrong. */
static void who_still_has_hard_samples_is_no_attacker(void **state)
{
    struct fw_job job;
    uint64_t epoch = open_job(&job, 20);

    (void)state;
    for (uint64_t i = 21; i < 400; i++)
        assert_refused(&job, epoch, i, i % 3 ? 1e-4f : 1.0f, "");
    assert_true(job.gate.clipped > 100);
    fw_job_close(&job);
}

static void bad_ones_far_apart_are_forgiven(void **state)
{
    struct fw_job job;
    uint64_t epoch = open_job(&job, 0);

    (void)state;
    for (uint64_t i = 1; i <= 300; i++)
        assert_refused(&job, epoch, i, i % 60 ? 1.0f : NAN,
                       i % 60 ? "" : "NON_FINITE");
    assert_refused(&job, epoch, 301, 1.0f, "");
    fw_job_close(&job);
}

static void the_median_is_of_the_last_ones(void **state)
{
    struct fw_limits_spec limits = {.outlier_norm = 2.0};
    struct fw_gate g;

    (void)state;
    fw_gate_init(&g, &limits);
    for (int i = 0; i < 200; i++)
        fw_gate_add(&g, 1.0 + i % 7);
    assert_true(fw_gate_limit(&g) == 2.0 * 4.0);
    for (uint32_t i = 0; i < FW_GATE_KEPT; i++)
        fw_gate_add(&g, 100.0);
    assert_true(fw_gate_limit(&g) == 200.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outlier_is_clipped_to_ten_medians),
        cmocka_unit_test(a_job_may_refuse_outliers),
        cmocka_unit_test(a_job_may_have_no_gate),
        cmocka_unit_test(three_bad_ones_in_a_hundred_are_quarantined),
        cmocka_unit_test(what_is_clipped_is_no_mark_unless_it_is_gross),
        cmocka_unit_test(who_still_has_hard_samples_is_no_attacker),
        cmocka_unit_test(bad_ones_far_apart_are_forgiven),
        cmocka_unit_test(the_median_is_of_the_last_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
