/* What a job feeds its controller, and what it tells of the sensors. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/base/random.h"
#include "server/job/spread.h"
#include "tests/unit/job/fixture.h"

#define N FIXTURE_ELEMENTS

/* One worker, random gradients: what is measured is what is used, whatever the
 * optimizer does to the gradient, if the sensor sees what was applied. */
static double total_measured(double clip_norm, double l2)
{
    struct fw_job_spec spec = spec_of(N);
    struct fw_initialize_response init;
    struct fw_job_status status = {.name = ""};
    struct fw_join_response join;
    struct fw_gradient_ack ack;
    struct fw_random r;
    struct fw_job job;
    float x[N];
    double total;

    spec.optimizer.clip_norm = clip_norm;
    spec.optimizer.l2 = l2;
    fw_random_init(&r, 1);
    for (uint32_t i = 0; i < N; i++)
        x[i] = (float)(fw_random_exponential(&r) - 1.0);
    assert_int_equal(fw_job_init(&job, &spec, 7, 0, NULL), FW_OK);
    assert_int_equal(
        fw_job_initialize(&job, gather_of(job.pool, x, N), &init, NULL), FW_OK);
    assert_int_equal(job_join(&job, "w", 1, 0, &join, NULL), FW_OK);
    for (uint64_t k = 1; k <= 64; k++) {
        struct fw_gather *g;

        for (uint32_t i = 0; i < N; i++)
            x[i] = (float)(fw_random_exponential(&r) - 1.0);
        g = gather_of(job.pool, x, N);
        g->head.sequence = k;
        g->head.base_version = k - 1;
        assert_int_equal(fw_job_push(&job, join.epoch, g, 0, &ack, NULL),
                         FW_OK);
        assert_string_equal(ack.reason, "");
    }
    assert_int_equal(fw_job_status(&job, 0, &status), FW_OK);
    total = status.momentum.total_measured;
    fw_job_status_close(&status);
    fw_job_close(&job);
    return total;
}

static void total_momentum_of_one_worker_is_the_explicit_one(void **state)
{
    (void)state;
    assert_true(fabs(total_measured(0.0, 0.0) - 0.9) < 1e-2);
}

static void clipping_and_l2_do_not_mislead_the_sensor(void **state)
{
    (void)state;
    assert_true(fabs(total_measured(5.0, 0.0) - 0.9) < 1e-2);
    assert_true(fabs(total_measured(0.0, 0.5) - 0.9) < 1e-2);
    assert_true(fabs(total_measured(5.0, 0.5) - 0.9) < 1e-2);
}

static void each_worker_has_the_percentile_of_its_own_gradients(void **state)
{
    struct fw_staleness *trace = calloc(1, sizeof(*trace));
    struct fw_spread spread;
    struct fw_random r;

    (void)state;
    assert_non_null(trace);
    fw_spread_init(&spread, trace);
    assert_int_equal(fw_spread_percentile(&spread, 0, 95), 0);
    fw_random_init(&r, 2);
    for (int i = 0; i < 5000; i++) { /* more than are kept */
        uint32_t worker = (uint32_t)fw_random_below(&r, 7);

        fw_staleness_add(trace, fw_random_below(&r, 10 * (worker + 1)), 7,
                         worker == 6 ? UINT32_MAX : worker);
    }
    fw_spread_init(&spread, trace);
    for (uint32_t w = 0; w <= 6; w++) {
        uint32_t slot = w == 6 ? UINT32_MAX : w;
        struct fw_staleness_summary sum;

        fw_staleness_summarise_worker(trace, slot, &sum);
        assert_true(sum.p95 > 0);
        assert_int_equal(fw_spread_percentile(&spread, slot, 95), sum.p95);
        assert_int_equal(fw_spread_percentile(&spread, slot, 50), sum.p50);
    }
    assert_int_equal(fw_spread_percentile(&spread, 6, 95), 0); /* nobody */
    free(trace);
}

static void the_trace_is_told_oldest_first(void **state)
{
    struct fixture *f = *state;
    struct fw_trace_response trace;
    struct fw_gradient_ack ack;

    assert_int_equal(fw_job_trace(&f->job, &trace), FW_OK);
    assert_int_equal(trace.n, 0);
    fw_trace_response_close(&trace);
    for (uint64_t k = 1; k <= 5; k++) /* base 0: 0, 1, 2 ... versions old */
        assert_int_equal(job_push(&f->job, f->join.epoch, k, 0, 0.0f, &ack),
                         FW_OK);
    assert_int_equal(fw_job_trace(&f->job, &trace), FW_OK);
    assert_int_equal(trace.n, 5);
    assert_int_equal(trace.workers, 1);
    assert_int_equal(trace.version, 5);
    for (uint32_t i = 0; i < trace.n; i++)
        assert_int_equal(trace.taus[i], i);
    fw_trace_response_close(&trace);
}

static void the_trace_keeps_the_newest(void **state)
{
    struct fixture *f = *state;
    struct fw_staleness *s = &f->job.controller.staleness;
    struct fw_trace_response trace;

    for (uint32_t i = 0; i < FW_STALENESS_WINDOW + 3; i++)
        fw_staleness_add(s, i, 1, 0);
    assert_int_equal(fw_job_trace(&f->job, &trace), FW_OK);
    assert_int_equal(trace.n, FW_STALENESS_WINDOW);
    assert_int_equal(trace.taus[0], 3);
    assert_int_equal(trace.taus[trace.n - 1], FW_STALENESS_WINDOW + 2);
    fw_trace_response_close(&trace);
    fault_arm(0);
    assert_int_equal(fw_job_trace(&f->job, &trace), FW_NOMEM);
    assert_true(fault_disarm());
}

static void a_law_by_an_operator_is_recorded_with_who_and_why(void **state)
{
    const enum fw_law laws[] = {FW_LAW_STEP, FW_LAW_MARGIN, FW_LAW_CLOSED_LOOP,
                                FW_LAW_FIXED};
    struct fixture *f = *state;
    struct fw_decision_list list;
    struct fw_sentence sentence;

    for (size_t i = 0; i < sizeof(laws) / sizeof(laws[0]); i++) {
        struct fw_set_controller set = {.law = laws[i],
                                        .momentum = NAN,
                                        .learning_rate = NAN,
                                        .who = "ann",
                                        .why = "to compare"};

        assert_int_equal(
            fw_job_set_controller(&f->job, &set, 0, &sentence, NULL), FW_OK);
        assert_int_equal(f->job.controller.law, laws[i]);
    }
    assert_int_equal(fw_job_decisions(&f->job, 0, 100, 0, &list), FW_OK);
    assert_true(list.n > 0);
    assert_string_equal(list.items[list.n - 1].who, "ann");
    assert_string_equal(list.items[list.n - 1].why, "to compare");
    assert_string_equal(list.items[list.n - 1].cause, "operator");
    assert_int_equal(list.items[list.n - 1].law, FW_LAW_FIXED);
    fw_decision_list_close(&list);
}

#define TEST(claim)                                                            \
    cmocka_unit_test_setup_teardown(claim, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(total_momentum_of_one_worker_is_the_explicit_one),
        cmocka_unit_test(clipping_and_l2_do_not_mislead_the_sensor),
        cmocka_unit_test(each_worker_has_the_percentile_of_its_own_gradients),
        TEST(the_trace_is_told_oldest_first),
        TEST(the_trace_keeps_the_newest),
        TEST(a_law_by_an_operator_is_recorded_with_who_and_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
