/* The quadratic problem: loss = sum of lambda_i w_i^2/2, noisy gradients. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lab/problem.h"
#include "sdk/base/mem.h"
#include "sdk/base/random.h"

#define SIZE          64 /* eigenvalues; 1 if all would be the same */
#define NOISE_DEFAULT 0.01
#define KAPPA_MAX     1e9

struct quadratic {
    double lambda[SIZE]; /* from 1/kappa to 1 */
    float noise[SIZE];   /* of the current batch */
    double deviation;    /* of the noise */
    struct fw_random random;
};

static void draw(struct fw_problem *p, uint64_t seed, float *w)
{
    struct quadratic *q = p->state;

    fw_random_init(&q->random, seed);
    for (uint64_t i = 0; i < p->n_elements; i++)
        w[i] = 1.0f;
}

static void next(struct fw_problem *p)
{
    struct quadratic *q = p->state;

    for (uint64_t i = 0; i < p->n_elements && q->deviation > 0; i++)
        q->noise[i] = (float)(q->deviation * fw_random_normal(&q->random));
}

static fw_status gradient(struct fw_problem *p, const float *w, float *g,
                          double *loss, struct fw_err *err)
{
    struct quadratic *q = p->state;

    (void)err;
    *loss = 0.0;
    for (uint64_t i = 0; i < p->n_elements; i++) {
        *loss += q->lambda[i] * w[i] * w[i] / 2.0;
        g[i] = (float)(q->lambda[i] * w[i]) + q->noise[i];
    }
    return FW_OK;
}

static fw_status judge(struct fw_problem *p, const float *w, double *loss,
                       struct fw_err *err)
{
    struct quadratic *q = p->state;

    (void)err;
    *loss = 0.0;
    for (uint64_t i = 0; i < p->n_elements; i++)
        *loss += q->lambda[i] * w[i] * w[i] / 2.0;
    return FW_OK;
}

static fw_status validate(struct fw_problem *p, const float *w, double *loss,
                          double *accuracy, struct fw_err *err)
{
    *accuracy = NAN;
    return judge(p, w, loss, err);
}

static void close_quadratic(struct fw_problem *p)
{
    free(p->state);
}

/* "quadratic:1000:0.1" */
static fw_status parse(const char *spec, double *kappa, double *noise,
                       struct fw_err *err)
{
    const char *text = strchr(spec, ':') + 1;
    char *end;

    *noise = NOISE_DEFAULT;
    *kappa = strtod(text, &end);
    if (end != text && *end == ':') {
        text = end + 1;
        *noise = strtod(text, &end);
    }
    if (end == text || *end || !(*kappa >= 1.0 && *kappa <= KAPPA_MAX) ||
        !(*noise >= 0.0 && *noise <= KAPPA_MAX))
        return fw_err_set(err, FW_INVALID,
                          "'%s' is no problem; it is %s, with KAPPA at least 1 "
                          "and NOISE at least 0",
                          spec, FW_PROBLEM_RULE);
    return FW_OK;
}

fw_status fw_quadratic_open(struct fw_problem *p,
                            const struct fw_problem_plan *plan,
                            struct fw_err *err)
{
    static const struct fw_problem_kind kind = {
        draw, next, gradient, judge, validate, close_quadratic};
    struct quadratic *q;
    double kappa;
    double noise;
    fw_status s = parse(plan->spec, &kappa, &noise, err);

    if (s != FW_OK)
        return s;
    q = fw_mem_array(1, sizeof(*q));
    if (!q)
        return fw_err_set(err, FW_NOMEM, "no memory for the problem");
    q->deviation = noise;
    p->kind = &kind;
    p->state = q;
    p->batch = 1;
    p->n_elements = kappa > 1.0 ? SIZE : 1;
    for (uint64_t i = 0; i < p->n_elements; i++)
        q->lambda[i] = kappa > 1.0 ? pow(kappa, -(double)i / (SIZE - 1)) : 1.0;
    return FW_OK;
}
