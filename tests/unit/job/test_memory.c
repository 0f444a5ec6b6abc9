/* A job lives through the failure of any of its allocations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/job/fixture.h"

#define N FIXTURE_ELEMENTS

/* A life of a job; false if memory ran out somewhere, which is then said. */
static bool live(struct fw_job *job)
{
    struct fw_initialize_response init;
    struct fw_join_response join;
    struct fw_decision_list decisions = {0};
    struct fw_gradient_ack ack;
    struct fw_job_status status = {.name = ""};
    struct fw_gather *g;
    struct fw_err err;
    bool ok;

    if (fw_gather_create(job->pool, N, FW_DTYPE_F32, NULL, &g) != FW_OK)
        return false;
    g->filled = N;
    memset(g->blocks[0]->data, 0, N * sizeof(float));
    if (fw_job_initialize(job, g, &init, &err) != FW_OK ||
        job_join(job, "w", 1, 0, &join, &err) != FW_OK) {
        assert_string_equal(err.reason, "OUT_OF_MEMORY");
        return false;
    }
    if (fw_gather_create(job->pool, N, FW_DTYPE_F32, NULL, &g) != FW_OK)
        return false;
    g->filled = N;
    memset(g->blocks[0]->data, 0, N * sizeof(float));
    g->head.sequence = 1;
    assert_int_equal(fw_job_push(job, join.epoch, g, 0, &ack, &err), FW_OK);
    assert_int_equal(job->current->number, ack.reason[0] ? 0 : 1);
    if (ack.reason[0])
        assert_string_equal(ack.reason, "OUT_OF_MEMORY");
    ok = !ack.reason[0] && fw_job_status(job, 0, &status) == FW_OK &&
         fw_job_decisions(job, 0, 0, 0, &decisions) == FW_OK;
    fw_job_status_close(&status);
    fw_decision_list_close(&decisions);
    return ok;
}

static void a_life_survives_every_failed_allocation(void **state)
{
    struct fw_job_spec spec = spec_of(N);
    bool lived = false;
    long n;

    (void)state;
    for (n = 0; !lived && n < 100; n++) {
        struct fw_job job;
        struct fw_err err;
        bool failed;

        fault_arm(n);
        if (fw_job_init(&job, &spec, 1, 0, &err) == FW_OK)
            lived = live(&job);
        else
            assert_string_equal(err.reason, "OUT_OF_MEMORY");
        failed = fault_disarm();
        assert_int_equal(lived, !failed); /* no failure is passed over */
        fw_job_close(&job);
    }
    assert_true(lived);
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life_survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
