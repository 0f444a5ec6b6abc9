/* A job from join to goodbye: momentum by workers, status, restoring. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/job/fixture.h"

#define N     FIXTURE_ELEMENTS
#define LEASE FW_LEASE_DEFAULT_MS

static void a_join_tells_all_a_worker_must_know(void **state)
{
    struct fixture *f = *state;
    const struct fw_join_response *r = &f->join;
    uint8_t session[FW_SESSION_BYTES];

    memset(session, 1, sizeof(session));
    assert_memory_equal(r->session, session, sizeof(session));
    assert_int_equal(r->epoch, 1);
    assert_int_equal(r->wire_dtype, FW_DTYPE_F32);
    assert_int_equal(r->n_elements, N);
    assert_int_equal(r->chunk_elements, FW_CHUNK_ELEMENTS);
    assert_true(r->initialized);
    assert_int_equal(r->incarnation, 7);
    assert_int_equal(r->lease_ms, LEASE);
    assert_int_equal(r->heartbeat_ms, LEASE / 3);
    assert_int_equal(r->probe_interval, FW_PROBE_INTERVAL_DEFAULT);
    assert_int_equal(r->protocol, FW_PROTOCOL);
    assert_int_equal(r->resume_sequence, 0);
}

static void a_job_without_probes_says_so(void **state)
{
    struct fixture *f = *state;
    struct fw_join_response r;

    f->job.spec.controller.probe_interval = UINT32_MAX;
    assert_int_equal(job_join(&f->job, "v", 2, 0, &r, NULL), FW_OK);
    assert_int_equal(r.probe_interval, 0);
}

static void a_join_that_does_not_fit_is_refused_by_name(void **state)
{
    struct fixture *f = *state;
    struct fw_tensor_spec shape = {.name = "w", .rank = 1, .shape = {N + 1}};
    struct fw_tensor_spec name = {.name = "x", .rank = 1, .shape = {N}};
    const struct {
        struct fw_join_request r;
        const char *reason;
    } rows[] = {
        {{.worker = "v",
          .wire_dtype = FW_DTYPE_F32,
          .protocol_min = 2,
          .protocol_max = 3},
         "PROTOCOL_UNSUPPORTED"},
        {{.worker = "v", .wire_dtype = 9, .protocol_min = 1, .protocol_max = 1},
         "DTYPE_UNSUPPORTED"},
        {{.worker = "v",
          .tensors = {&shape, 1},
          .wire_dtype = FW_DTYPE_F32,
          .protocol_min = 1,
          .protocol_max = 1},
         "SHAPE_MISMATCH"},
        {{.worker = "v",
          .tensors = {&name, 1},
          .wire_dtype = FW_DTYPE_F32,
          .protocol_min = 1,
          .protocol_max = 1},
         "UNKNOWN_TENSOR"},
        {{.worker = "w",
          .wire_dtype = FW_DTYPE_F32,
          .protocol_min = 1,
          .protocol_max = 1},
         "WORKER_EXISTS"},
    };
    const uint8_t session[FW_SESSION_BYTES] = {9};
    struct fw_join_response out;

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct fw_err err = {.reason = ""};

        assert_true(fw_job_join(&f->job, &rows[i].r, session, 0, &out, &err) !=
                    FW_OK);
        assert_string_equal(err.reason, rows[i].reason);
        assert_int_equal(f->job.sessions.connected, 1);
        assert_int_equal(f->job.controller.workers, 1);
    }
}

static void a_second_upload_is_told_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct fw_initialize_response out;
    uint64_t before = job_hash(&f->job);
    float x[N] = {0};

    assert_int_equal(
        fw_job_initialize(&f->job, gather_of(f->job.pool, x, N), &out, NULL),
        FW_OK);
    assert_true(out.already_initialized);
    assert_true(job_hash(&f->job) == before);
}

static void first_parameters_that_are_not_finite_are_refused(void **state)
{
    struct fw_job_spec spec = spec_of(N);
    struct fw_initialize_response out;
    struct fw_err err;
    struct fw_job job;
    float x[N] = {0};

    (void)state;
    assert_int_equal(fw_job_init(&job, &spec, 1, 0, NULL), FW_OK);
    x[N - 1] = INFINITY;
    assert_int_equal(
        fw_job_initialize(&job, gather_of(job.pool, x, N), &out, &err),
        FW_INVALID);
    assert_string_equal(err.reason, "NON_FINITE");
    assert_null(job.current);
    x[N - 1] = 0.0f;
    assert_int_equal(
        fw_job_initialize(&job, gather_of(job.pool, x, N), &out, NULL), FW_OK);
    assert_false(out.already_initialized);
    fw_job_close(&job);
}

static void signs_of_life_keep_the_lease(void **state)
{
    struct fixture *f = *state;
    uint64_t epoch = 0;
    enum fw_dtype dtype;

    assert_int_equal(
        fw_job_open(&f->job, f->join.session, LEASE, &epoch, &dtype, NULL),
        FW_OK);
    assert_int_equal(epoch, f->join.epoch);
    fw_job_tick(&f->job, 2 * LEASE);
    assert_int_equal(fw_job_touch(&f->job, epoch, 2 * LEASE, NULL), FW_OK);
    fw_job_tick(&f->job, 3 * LEASE);
    assert_int_equal(f->job.sessions.connected, 1);
    fw_job_tick(&f->job, 3 * LEASE + 1);
    assert_int_equal(f->job.sessions.connected, 0);
}

static double count_law(uint32_t workers)
{
    double mu = 0.9 - (workers > 1 ? 1.0 - 1.0 / workers : 0.0);

    return mu > 0.0 ? mu : 0.0;
}

static void momentum_falls_on_joins_and_rises_on_leaves_and_losses(void **state)
{
    struct fixture *f = *state;
    const struct fw_controller *c = &f->job.controller;
    struct fw_join_response r[9];
    double last = c->momentum;

    assert_true(last == 0.9);
    for (uint32_t m = 2; m <= 8; m++) {
        char name[8];

        snprintf(name, sizeof(name), "w%u", m);
        assert_int_equal(
            job_join(&f->job, name, (uint8_t)m, LEASE, &r[m], NULL), FW_OK);
        assert_true(fabs(c->momentum - count_law(m)) < 1e-12);
        assert_true(c->momentum < last);
        assert_true(fabs(c->rate / (1.0 - c->momentum) - 0.1) < 1e-12);
        last = c->momentum;
    }
    fw_job_tick(&f->job, LEASE + 1); /* "w" was silent since 0 */
    assert_true(fabs(c->momentum - count_law(7)) < 1e-12);
    assert_int_equal(f->job.sessions.lost, 1);
    for (uint32_t m = 2; m <= 7; m++) {
        last = c->momentum;
        fw_job_leave(&f->job, r[m].session, LEASE + 2);
        fw_job_leave(&f->job, r[m].session, LEASE + 2); /* harmless */
        assert_true(fabs(c->momentum - count_law(8 - m)) < 1e-12);
        assert_true(c->momentum > last);
    }
    assert_true(c->momentum == 0.9);
    assert_int_equal(f->job.sessions.connected, 1);
}

static void the_status_tells_what_happened(void **state)
{
    struct fixture *f = *state;
    struct fw_report_request report = {
        .version = 2, .loss = .5, .accuracy = .9};
    struct fw_job_status s;
    struct fw_gradient_ack ack;
    struct fw_err err;

    assert_int_equal(job_push(&f->job, 1, 1, 0, 1.0f, &ack), FW_OK);
    assert_int_equal(job_push(&f->job, 1, 2, 0, 1.0f, &ack), FW_OK);
    assert_int_equal(job_push(&f->job, 1, 3, 9, 1.0f, &ack), FW_OK);
    assert_int_equal(fw_job_report(&f->job, &report, NULL), FW_OK);
    report.version = 3;
    assert_int_equal(fw_job_report(&f->job, &report, &err), FW_INVALID);
    assert_string_equal(err.reason, "VERSION_AHEAD");
    fw_job_durable(&f->job, 1, "path");
    fw_job_tick(&f->job, 2000);
    assert_int_equal(fw_job_status(&f->job, 2000, &s), FW_OK);
    assert_string_equal(s.name, "job");
    assert_int_equal(s.state, FW_JOB_TRAINING);
    assert_int_equal(s.version, 2);
    assert_int_equal(s.durable_version, 1);
    assert_string_equal(s.checkpoint, "path");
    assert_int_equal(s.samples, 20);
    assert_int_equal(s.gradients_applied, 2);
    assert_int_equal(s.gradients_refused, 1);
    assert_true(s.gradients_per_second > 0.0);
    assert_true(s.loss.validation == 0.5 && s.loss.accuracy == 0.9);
    assert_int_equal(s.age_ms, 2000);
    assert_true(fabs(s.worker_seconds - 2.0) < 1e-9);
    assert_int_equal(s.staleness.samples, 2);
    assert_int_equal(s.staleness.n_histogram, 2);
    assert_int_equal(s.staleness.histogram[0], 1);
    assert_int_equal(s.staleness.histogram[1], 1);
    assert_true(s.momentum.momentum == 0.9);
    assert_true(fabs(s.momentum.effective_step - 0.1) < 1e-12);
    assert_true(s.momentum.sentence[0] != '\0');
    assert_int_equal(s.n_workers, 1);
    assert_string_equal(s.worker[0].name, "w");
    assert_int_equal(s.worker[0].gradients, 2);
    assert_int_equal(s.worker[0].refused, 1);
    assert_int_equal(s.worker[0].silent_ms, 2000);
    assert_true(s.worker[0].staleness_mean == 0.5);
    fw_job_status_close(&s);
}

static void decisions_come_in_pages_oldest_first(void **state)
{
    struct fixture *f = *state;
    struct fw_set_controller set = {.law = FW_LAW_MANUAL,
                                    .momentum = 0.5,
                                    .learning_rate = NAN,
                                    .who = "ann"};
    struct fw_decision_list l;
    struct fw_sentence said;

    assert_int_equal(fw_job_set_controller(&f->job, &set, 50, &said, NULL),
                     FW_OK);
    assert_true(f->job.controller.momentum == 0.5);
    assert_int_equal(fw_job_decisions(&f->job, 0, 2, 1000, &l), FW_OK);
    assert_int_equal(l.n, 2); /* start, join */
    assert_string_equal(l.items[1].who, "w");
    fw_decision_list_close(&l);
    assert_int_equal(fw_job_decisions(&f->job, 2, 0, 1000, &l), FW_OK);
    assert_int_equal(l.n, 1);
    assert_string_equal(l.items[0].who, "ann");
    assert_string_equal(l.items[0].sentence, said.text);
    assert_int_equal(l.items[0].unix_ms, 1050);
    assert_true(l.items[0].momentum_after == 0.5);
    fw_decision_list_close(&l);
}

/* The floats of the job's parameters, in one piece. */
static void copy_parameters(const struct fw_job *job, float *to)
{
    memcpy(to, job->current->blocks[0]->data, N * sizeof(float));
}

static void a_restored_job_goes_on_bit_for_bit(void **state)
{
    struct fixture *f = *state;
    struct fw_job_spec spec = spec_of(N);
    struct fw_join_response join;
    struct fw_gradient_ack ack;
    struct fw_job job;
    float x[N];

    for (uint64_t k = 1; k <= 3; k++)
        assert_int_equal(job_push(&f->job, 1, k, 0, 1.5f, &ack), FW_OK);
    copy_parameters(&f->job, x);
    assert_int_equal(fw_job_init(&job, &spec, 8, 0, NULL), FW_OK);
    assert_int_equal(fw_job_restore(&job, gather_of(job.pool, x, N),
                                    fw_job_peek_momentum_buffer(&f->job), 3,
                                    NULL),
                     FW_OK);
    assert_true(job_hash(&job) == job_hash(&f->job));
    assert_int_equal(job_join(&job, "w", 1, 0, &join, NULL), FW_OK);
    assert_int_equal(join.version, 3);
    assert_int_equal(job_push(&job, 1, 1, 3, 2.0f, &ack), FW_OK);
    assert_int_equal(ack.version, 4);
    assert_int_equal(job_push(&f->job, 1, 4, 3, 2.0f, &ack), FW_OK);
    assert_true(job_hash(&job) == job_hash(&f->job));
    fw_job_close(&job);
}

static void a_restore_that_cannot_be_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct fw_job_spec spec = spec_of(N);
    uint64_t before = job_hash(&f->job);
    struct fw_err err;
    struct fw_job job;
    float x[N] = {0};
    float u[N] = {0};

    assert_int_equal(
        fw_job_restore(&f->job, gather_of(f->job.pool, x, N), u, 9, &err),
        FW_EXISTS);
    assert_true(job_hash(&f->job) == before);
    assert_int_equal(fw_job_init(&job, &spec, 8, 0, NULL), FW_OK);
    u[N - 1] = NAN;
    assert_int_equal(
        fw_job_restore(&job, gather_of(job.pool, x, N), u, 9, &err),
        FW_INVALID);
    assert_string_equal(err.reason, "NON_FINITE");
    u[N - 1] = 0.0f;
    x[0] = NAN;
    assert_int_equal(
        fw_job_restore(&job, gather_of(job.pool, x, N), u, 9, &err),
        FW_INVALID);
    assert_null(job.current);
    fw_job_close(&job);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_join_tells_all_a_worker_must_know),
        TEST(a_job_without_probes_says_so),
        TEST(a_join_that_does_not_fit_is_refused_by_name),
        TEST(a_second_upload_is_told_and_changes_nothing),
        cmocka_unit_test(first_parameters_that_are_not_finite_are_refused),
        TEST(signs_of_life_keep_the_lease),
        TEST(momentum_falls_on_joins_and_rises_on_leaves_and_losses),
        TEST(the_status_tells_what_happened),
        TEST(decisions_come_in_pages_oldest_first),
        TEST(a_restored_job_goes_on_bit_for_bit),
        TEST(a_restore_that_cannot_be_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
