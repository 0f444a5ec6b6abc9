/* A run under the virtual clock: the same seed gives the same run, and one
 * worker under `margin` is the reference itself. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "client/lab/sim.h"

#define SCALAR "quadratic:1:0"
#define NARROW "quadratic:100"

/* What a test changes of an ordinary run. */
struct wish {
    const char *problem;
    const char *service;
    const char *arm;
    const char *changes;
    uint32_t workers;
    double rate;
    uint64_t updates;
    uint64_t seed;
};

static void run(const struct wish *w, struct fw_record *out)
{
    struct fw_problem_plan what = {w->problem, NULL, 32};
    struct fw_change changes[FW_CHANGES_MAX];
    struct fw_problem problem = {0};
    struct fw_service service = {0};
    struct fw_err err = {0};
    struct fw_arm arm;
    struct fw_sim_plan plan = {
        .problem = &problem,
        .service = &service,
        .arm = &arm,
        .changes = changes,
        .workers = w->workers,
        .reference_momentum = 0.9,
        .reference_rate = w->rate,
        .target_loss = NAN,
        .max_time = INFINITY,
        .max_updates = w->updates,
        .check_every = 10,
        .probe_interval = 100,
        .unit_ms = 100,
        .seed = w->seed,
    };

    assert_int_equal(fw_problem_open(&problem, &what, &err), FW_OK);
    assert_int_equal(fw_service_parse(w->service, &service, &err), FW_OK);
    assert_int_equal(fw_arm_parse(w->arm, &arm, &err), FW_OK);
    assert_int_equal(fw_changes_parse(w->changes ? w->changes : "", changes,
                                      &plan.n_changes, &err),
                     FW_OK);
    assert_int_equal(fw_sim_run(&plan, out, &err), FW_OK);
    fw_service_close(&service);
    fw_problem_close(&problem);
}

static void assert_same(const struct fw_record *a, const struct fw_record *b)
{
    assert_int_equal(a->n_points, b->n_points);
    assert_int_equal(a->updates, b->updates);
    for (size_t i = 0; i < a->n_points; i++) {
        assert_true(a->points[i].loss == b->points[i].loss);
        assert_true(a->points[i].time == b->points[i].time);
    }
}

static void the_same_seed_gives_the_same_run(void **state)
{
    struct wish w = {NARROW, "gamma:2", "margin", "", 8, 0.05, 600, 3};
    struct fw_record a = {0};
    struct fw_record b = {0};
    struct fw_record other = {0};

    (void)state;
    run(&w, &a);
    run(&w, &b);
    assert_same(&a, &b);
    w.seed = 4;
    run(&w, &other);
    assert_true(other.points[other.n_points - 1].loss !=
                a.points[a.n_points - 1].loss);
    fw_record_close(&a);
    fw_record_close(&b);
    fw_record_close(&other);
}

static void margin_costs_one_worker_nothing(void **state)
{
    static const char *const laws[] = {"margin", "step", "closed_loop", "count",
                                       "groups:auto"};
    struct wish w = {NARROW, "exponential", "fixed", "", 1, 0.05, 500, 1};
    struct fw_record fixed = {0};

    (void)state;
    run(&w, &fixed);
    for (size_t i = 0; i < sizeof(laws) / sizeof(laws[0]); i++) {
        struct fw_record r = {0};

        w.arm = laws[i];
        run(&w, &r);
        assert_same(&fixed, &r);
        assert_int_equal(r.probes, 0);
        fw_record_close(&r);
    }
    fw_record_close(&fixed);
}

/* Equal machines, a step that momentum .9 bears alone and not with 8. */
static void fixed_diverges_where_margin_converges(void **state)
{
    struct wish w = {SCALAR, "constant", "fixed", "", 8, 0.08, 3000, 1};
    struct fw_record r = {0};

    (void)state;
    run(&w, &r);
    assert_true(r.diverged);
    fw_record_close(&r);
    w.arm = "margin";
    run(&w, &r);
    assert_false(r.diverged);
    assert_true(r.loss < 1e-3 * r.loss_at_first);
    fw_record_close(&r);
}

static void staleness_of_equal_machines_is_all_but_one(void **state)
{
    struct wish w = {SCALAR, "constant", "margin", "", 16, 0.01, 1000, 1};
    struct fw_record r = {0};

    (void)state;
    run(&w, &r);
    assert_int_equal(r.staleness.p50, 15);
    assert_true(fabs(r.staleness.mean - 15.0) < 0.2);
    fw_record_close(&r);
}

static void one_group_has_no_staleness(void **state)
{
    struct wish w = {SCALAR, "exponential", "sync", "", 6, 0.01, 200, 1};
    struct fw_record r = {0};

    (void)state;
    run(&w, &r);
    assert_true(r.staleness.mean == 0.0);
    assert_int_equal(r.updates, 200);
    assert_true(r.gradients >= 6 * 200);
    fw_record_close(&r);
}

/* Workers that come and go on the way. */
static void an_elastic_cluster_converges(void **state)
{
    struct wish w = {
        SCALAR,   "exponential",
        "margin", "10:workers=16,20:workers=2,30:workers=64,40:workers=4",
        4,        0.08,
        4000,     2};
    struct fw_record r = {0};
    uint32_t most = 0;

    (void)state;
    run(&w, &r);
    for (size_t i = 0; i < r.n_points; i++)
        most = r.points[i].workers > most ? r.points[i].workers : most;
    assert_int_equal(most, 64);
    assert_false(r.diverged);
    assert_true(r.loss < 1e-3 * r.loss_at_first);
    fw_record_close(&r);
}

static void silent_workers_end_no_run(void **state)
{
    struct wish w = {SCALAR, "constant", "margin", "10:silent=0.5,30:speak",
                     8,      0.05,       2000,     2};
    struct fw_record r = {0};

    (void)state;
    run(&w, &r);
    assert_int_equal(r.updates, 2000);
    assert_false(r.diverged);
    fw_record_close(&r);
}

static void every_rival_runs(void **state)
{
    static const char *const rivals[] = {
        "staleness_aware",  "mishchenko", "gap_aware", "dc_asgd", "dana",
        "delayed_nesterov", "fedbuff:4"};

    (void)state;
    for (size_t i = 0; i < sizeof(rivals) / sizeof(rivals[0]); i++) {
        struct wish w = {SCALAR, "exponential", rivals[i], "",
                         4,      0.01,          1500,      1};
        struct fw_record r = {0};

        run(&w, &r);
        assert_int_equal(r.updates, 1500);
        assert_true(r.loss < r.loss_at_first);
        fw_record_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_run),
        cmocka_unit_test(margin_costs_one_worker_nothing),
        cmocka_unit_test(fixed_diverges_where_margin_converges),
        cmocka_unit_test(staleness_of_equal_machines_is_all_but_one),
        cmocka_unit_test(one_group_has_no_staleness),
        cmocka_unit_test(an_elastic_cluster_converges),
        cmocka_unit_test(silent_workers_end_no_run),
        cmocka_unit_test(every_rival_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
