/* A gradient is applied once and whole, or refused by name. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/job/fixture.h"

#define N     FIXTURE_ELEMENTS
#define LEASE FW_LEASE_DEFAULT_MS

static void an_applied_gradient_makes_the_next_version(void **state)
{
    struct fixture *f = *state;
    struct fw_gradient_ack ack;

    fw_job_durable(&f->job, 0, "ckpt");
    for (uint64_t k = 1; k <= 5; k++) {
        assert_int_equal(job_push(&f->job, f->join.epoch, k, k / 2, 1.0f, &ack),
                         FW_OK);
        assert_string_equal(ack.reason, "");
        assert_int_equal(ack.sequence, k);
        assert_int_equal(ack.version, k);
        assert_int_equal(ack.staleness, k - 1 - k / 2);
        assert_true(ack.momentum == 0.9 && ack.learning_rate == 0.01);
        assert_int_equal(ack.incarnation, 7);
        assert_false(ack.duplicate);
    }
}

/* Push what `row` says to a job that is at version 3 and sequence 3. */
struct refusal {
    const char *reason;
    uint64_t sequence;
    uint64_t base;
    float value;
    bool uninitialized;
    bool uses_number; /* the sequence number is judged, if not applied */
};

static void refuse(struct fixture *f, const struct refusal *row)
{
    struct fw_version *aside = f->job.current;
    uint64_t before = job_hash(&f->job);
    uint64_t refused = f->job.report.refused;
    struct fw_gradient_ack ack;
    struct fw_gradient_ack again;

    if (row->uninitialized)
        f->job.current = NULL;
    assert_int_equal(job_push(&f->job, f->join.epoch, row->sequence, row->base,
                              row->value, &ack),
                     FW_OK);
    if (row->uninitialized)
        f->job.current = aside;
    assert_string_equal(ack.reason, row->reason);
    assert_true(ack.detail[0] != '\0');
    assert_true(job_hash(&f->job) == before);
    assert_int_equal(f->job.report.refused, refused + 1);
    assert_int_equal(f->job.report.applied, 3);
    if (!row->uses_number)
        return;
    assert_int_equal(
        job_push(&f->job, f->join.epoch, row->sequence, 3, 1.0f, &again),
        FW_OK);
    assert_true(again.duplicate); /* the answer stays the answer */
    assert_string_equal(again.reason, row->reason);
    assert_true(job_hash(&f->job) == before);
}

static void every_refusal_has_its_reason_and_changes_nothing(void **state)
{
    static const struct refusal rows[] = {
        {"SEQUENCE_GAP", 0, 3, 1.0f, false, false},
        {"SEQUENCE_GAP", 1, 3, 1.0f, false, false},
        {"SEQUENCE_GAP", 5, 3, 1.0f, false, false},
        {"SEQUENCE_GAP", UINT64_MAX, 9, NAN, false, false},
        {"NOT_INITIALIZED", 4, 0, 1.0f, true, true},
        {"VERSION_AHEAD", 5, 4, NAN, false, true},
        {"VERSION_AHEAD", 6, UINT64_MAX, 1.0f, false, true},
        {"TOO_STALE", 7, 0, NAN, false, true},
        {"NON_FINITE", 8, 3, NAN, false, true},
        {"NON_FINITE", 9, 3, INFINITY, false, true},
    };
    struct fixture *f = *state;
    struct fw_gradient_ack ack;

    f->job.spec.limits.max_staleness = 2;
    for (uint64_t k = 1; k <= 3; k++)
        assert_int_equal(job_push(&f->job, f->join.epoch, k, k - 1, 1.0f, &ack),
                         FW_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        refuse(f, &rows[i]);
    /* exactly as old as is allowed */
    assert_int_equal(job_push(&f->job, f->join.epoch, 10, 1, 1.0f, &ack),
                     FW_OK);
    assert_string_equal(ack.reason, "");
    assert_int_equal(ack.version, 4);
}

static void a_repetition_gets_the_stored_answer_and_no_step(void **state)
{
    struct fixture *f = *state;
    struct fw_gradient_ack first;
    struct fw_gradient_ack again;
    uint64_t before;

    assert_int_equal(job_push(&f->job, f->join.epoch, 1, 0, 1.0f, &first),
                     FW_OK);
    before = job_hash(&f->job);
    assert_int_equal(job_push(&f->job, f->join.epoch, 1, 0, 5.0f, &again),
                     FW_OK);
    assert_true(again.duplicate);
    again.duplicate = false;
    assert_int_equal(again.version, first.version);
    assert_string_equal(again.reason, "");
    assert_true(again.momentum == first.momentum);
    assert_true(job_hash(&f->job) == before);
    assert_int_equal(f->job.report.applied, 1);
}

static void a_session_that_is_over_is_fenced(void **state)
{
    struct fixture *f = *state;
    struct fw_gradient_ack ack;
    struct fw_err err;
    struct fw_join_response again;
    uint64_t before = job_hash(&f->job);
    uint64_t epoch;
    enum fw_dtype dtype;

    fw_job_tick(&f->job, LEASE + 1);
    assert_int_equal(job_push(&f->job, f->join.epoch, 1, 0, 1.0f, &ack),
                     FW_STALE);
    assert_int_equal(fw_job_touch(&f->job, f->join.epoch, 0, &err), FW_STALE);
    assert_string_equal(err.reason, "FENCED");
    assert_int_equal(
        fw_job_open(&f->job, f->join.session, 0, &epoch, &dtype, &err),
        FW_STALE);
    assert_string_equal(err.reason, "FENCED");
    assert_int_equal(job_join(&f->job, "w", 2, LEASE + 2, &again, NULL), FW_OK);
    assert_true(again.epoch > f->join.epoch);
    assert_int_equal(fw_job_touch(&f->job, f->join.epoch, 0, &err), FW_STALE);
    assert_int_equal(
        fw_job_open(&f->job, f->join.session, 0, &epoch, &dtype, &err),
        FW_STALE);
    assert_string_equal(err.reason, "SESSION_UNKNOWN");
    assert_true(job_hash(&f->job) == before);
    assert_int_equal(job_push(&f->job, again.epoch, 1, 0, 1.0f, &ack), FW_OK);
    assert_string_equal(ack.reason, "");
}

static void curvature_counts_only_if_it_is_a_positive_number(void **state)
{
    static const double bad[] = {NAN, INFINITY, 0.0, -1.0};
    struct fixture *f = *state;
    struct fw_job_status status;
    struct fw_gradient_ack ack;

    for (size_t i = 0; i < 5; i++) {
        float x[N] = {0};
        struct fw_gather *g = gather_of(f->job.pool, x, N);

        g->head.sequence = i + 1;
        g->head.curvature = i < 4 ? bad[i] : 3.0;
        assert_int_equal(fw_job_push(&f->job, f->join.epoch, g, 0, &ack, NULL),
                         FW_OK);
        assert_string_equal(ack.reason, "");
        assert_int_equal(fw_job_status(&f->job, 0, &status), FW_OK);
        assert_true(status.momentum.curvature == (i < 4 ? 0.0 : 0.5 * 3.0));
        fw_job_status_close(&status);
    }
}

static void refused_and_gone_gradients_give_their_blocks_back(void **state)
{
    struct fixture *f = *state;
    uint64_t before = fw_pool_bytes_in_use(f->job.pool);
    struct fw_gradient_ack ack;

    for (uint64_t k = 1; k <= 20; k++) /* applied, repeated, refused */
        assert_int_equal(
            job_push(&f->job, 1, (k + 1) / 2, k % 4 ? 0 : 99, 1.0f, &ack),
            FW_OK);
    fw_job_tick(&f->job, LEASE + 1);
    assert_int_equal(job_push(&f->job, 1, 99, 0, 1.0f, &ack), FW_STALE);
    assert_int_equal(fw_pool_bytes_in_use(f->job.pool), before);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_applied_gradient_makes_the_next_version),
        TEST(every_refusal_has_its_reason_and_changes_nothing),
        TEST(a_repetition_gets_the_stored_answer_and_no_step),
        TEST(a_session_that_is_over_is_fenced),
        TEST(curvature_counts_only_if_it_is_a_positive_number),
        TEST(refused_and_gone_gradients_give_their_blocks_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
