/* Every kernel this machine can run computes the step it promises. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/base/random.h"
#include "server/job/kernels.h"

#define N_MAX 20011 /* above the stretch over which the norm is folded */

struct arrays {
    float w[N_MAX];
    float u[N_MAX];
    float g[N_MAX];
    float out[N_MAX];
    double u_want[N_MAX];
    double out_want[N_MAX];
};

static struct arrays a;

static const struct fw_step steps[] = {
    {.alpha = 0.1f, .scale = 1.0f},
    {.alpha = 0.01f, .mu = 0.9f, .scale = 1.0f},
    {.alpha = 0.01f, .mu = -0.5f, .scale = 0.3f, .l2 = 0.01f},
    {.alpha = 0.1f, .mu = 0.9f, .scale = 1.0f, .decay = 0.1f},
    {0.05f, 0.8f, 0.5f, 0.02f, 0.03f, true},
};

/* The step of kernels.h, letter by letter, in double; returns the norm. */
static double reference(const struct fw_step *s, size_t n)
{
    double norm = 0.0;

    for (size_t i = 0; i < n; i++) {
        double g = (double)s->scale * a.g[i] + (double)s->l2 * a.w[i];
        double u = (double)s->mu * a.u[i] + g;
        double d = s->nesterov ? g + (double)s->mu * u : u;
        double w = a.w[i] * (1.0 - (double)s->alpha * s->decay) - s->alpha * d;

        a.u_want[i] = u;
        a.out_want[i] = w;
        norm += (w - a.w[i]) * (w - a.w[i]);
    }
    return norm;
}

static void draw(size_t n)
{
    struct fw_random r;

    fw_random_init(&r, n);
    for (size_t i = 0; i < n; i++) {
        a.w[i] = (float)fw_random_normal(&r);
        a.u[i] = (float)fw_random_normal(&r);
        a.g[i] = (float)fw_random_normal(&r);
    }
}

static void assert_near(const float *x, const double *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_true(fabs(x[i] - want[i]) <= 1e-6 * (1.0 + fabs(want[i])));
}

static void check(fw_kernel_fn *step, const struct fw_step *s, size_t n)
{
    static float u[N_MAX];
    double want;
    double norm;

    draw(n);
    want = reference(s, n);
    norm = step(s, a.w, a.u, a.g, a.out, u, n);
    assert_near(u, a.u_want, n);
    assert_near(a.out, a.out_want, n);
    assert_true(fabs(norm - want) <= 1e-5 * want);
    assert_true(step(s, a.w, a.u, a.g, a.g, a.u, n) == norm);
    assert_memory_equal(a.g, a.out, n * sizeof(float));
    assert_memory_equal(a.u, u, n * sizeof(float));
}

static void every_kernel_computes_the_step_in_place_or_not(void **state)
{
    static const size_t lengths[] = {0, 1, 15, 16, 17, 4096, N_MAX};
    unsigned n_run = 0;

    (void)state;
    for (unsigned k = 0; k < FW_KERNELS; k++) {
        const char *name;
        fw_kernel_fn *step = fw_kernel_at(k, &name);

        if (!step)
            continue;
        n_run++;
        for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
            for (size_t j = 0; j < sizeof(steps) / sizeof(*steps); j++)
                check(step, &steps[j], lengths[i]);
        }
    }
    assert_true(n_run > 0);
}

static void the_step_is_the_best_kernel_that_runs(void **state)
{
    static float first[N_MAX];
    static float u[N_MAX];
    const char *name;
    fw_kernel_fn *best = NULL;

    (void)state;
    for (unsigned k = 0; !best; k++)
        best = fw_kernel_at(k, &name);
    assert_string_equal(fw_kernel_name(), name);
    draw(N_MAX);
    memcpy(u, a.u, sizeof(u));
    best(&steps[4], a.w, u, a.g, first, u, N_MAX);
    fw_kernel_step(&steps[4], a.w, a.u, a.g, a.out, a.u, N_MAX);
    assert_memory_equal(first, a.out, sizeof(first));
    assert_memory_equal(u, a.u, sizeof(u));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kernel_computes_the_step_in_place_or_not),
        cmocka_unit_test(the_step_is_the_best_kernel_that_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
