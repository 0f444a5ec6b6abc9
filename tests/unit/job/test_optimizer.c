/* 200 steps equal torch.optim.SGD's convention, computed apart in double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/base/random.h"
#include "tests/unit/job/fixture.h"

#define N     300
#define STEPS 200

/* A run beside the job's: torch's update, tensor-wise as its manual has it. */
struct reference {
    double p[N];
    double buf[N];
    bool has_buf;
};

/* p.grad is clipped first, as torch.nn.utils.clip_grad_norm_ does; then
 * d_p = grad + weight_decay*p; buf = momentum*buf + d_p; nesterov: d_p +=
 * momentum*buf, else d_p = buf; p -= lr*d_p.  Decoupled decay is AdamW's:
 * p *= 1 - lr*decay, before. */
static void torch_step(struct reference *r, const struct fw_optimizer_spec *o,
                       double lr, double mu, const float *grad)
{
    double norm = 0.0;
    double clip = 1.0;

    for (int i = 0; i < N; i++)
        norm += (double)grad[i] * grad[i];
    norm = sqrt(norm);
    if (o->clip_norm > 0.0 && norm > o->clip_norm)
        clip = o->clip_norm / norm;
    for (int i = 0; i < N; i++) {
        double d = clip * grad[i] + o->l2 * r->p[i];

        r->buf[i] = r->has_buf ? mu * r->buf[i] + d : d;
        d = o->nesterov ? d + mu * r->buf[i] : r->buf[i];
        r->p[i] = r->p[i] * (1.0 - lr * o->weight_decay) - lr * d;
    }
    r->has_buf = true;
}

/* The gradient of a badly conditioned bowl, at float parameters, and noise. */
static void gradient_at(const float *p, struct fw_random *noise, float *grad)
{
    for (int i = 0; i < N; i++)
        grad[i] = (0.05f + (float)i / N) * p[i] +
                  0.1f * (float)fw_random_normal(noise);
}

static void assert_close(const float *p, const double *want)
{
    double difference = 0.0;
    double size = 0.0;

    for (int i = 0; i < N; i++) {
        difference += (p[i] - want[i]) * (p[i] - want[i]);
        size += want[i] * want[i];
    }
    assert_true(sqrt(difference) <= 1e-5 * sqrt(size));
}

/* 200 gradients of the reference's own parameters go to both. */
static void compare(const struct fw_optimizer_spec *o, double mu)
{
    struct fw_job_spec spec = spec_of(N);
    struct reference r = {.has_buf = false};
    struct fw_initialize_response out;
    struct fw_join_response join;
    struct fw_gradient_ack ack;
    struct fw_random noise;
    struct fw_job job;
    float p[N];
    float grad[N];

    spec.optimizer = *o;
    spec.controller.reference_momentum = mu;
    assert_int_equal(fw_job_init(&job, &spec, 1, 0, NULL), FW_OK);
    fw_random_init(&noise, 3);
    for (int i = 0; i < N; i++) {
        p[i] = (float)fw_random_normal(&noise);
        r.p[i] = p[i];
    }
    assert_int_equal(
        fw_job_initialize(&job, gather_of(job.pool, p, N), &out, NULL), FW_OK);
    assert_int_equal(job_join(&job, "w", 1, 0, &join, NULL), FW_OK);
    for (uint64_t k = 1; k <= STEPS; k++) {
        struct fw_gather *g;

        for (int i = 0; i < N; i++)
            p[i] = (float)r.p[i];
        gradient_at(p, &noise, grad);
        torch_step(&r, o, spec.controller.reference_learning_rate, mu, grad);
        g = gather_of(job.pool, grad, N);
        g->head.sequence = k;
        g->head.base_version = k - 1;
        assert_int_equal(fw_job_push(&job, join.epoch, g, 0, &ack, NULL),
                         FW_OK);
        assert_string_equal(ack.reason, "");
    }
    assert_int_equal(job.current->number, STEPS);
    assert_close(job.current->blocks[0]->data, r.p);
    assert_close(fw_job_peek_momentum_buffer(&job), r.buf);
    fw_job_close(&job);
}

static void two_hundred_steps_equal_the_reference(void **state)
{
    static const struct {
        struct fw_optimizer_spec o;
        double mu;
    } rows[] = {
        {{.nesterov = false}, 0.0},    {{.nesterov = false}, 0.9},
        {{.nesterov = false}, -0.5},   {{.nesterov = true}, 0.9},
        {{.l2 = 1e-2}, 0.9},           {{.nesterov = true, .l2 = 1e-2}, 0.9},
        {{.weight_decay = 0.1}, 0.9},  {{.clip_norm = 0.5}, 0.9},
        {{true, 1e-2, 0.1, 0.5}, 0.9},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        compare(&rows[i].o, rows[i].mu);
}

static void a_step_tells_the_norms_of_gradient_and_update(void **state)
{
    struct fw_join_response join;
    struct fw_gradient_ack ack;
    struct fw_job_status status;
    struct fw_job job;

    (void)state;
    job_open(&job, 100, FW_LAW_FIXED);
    job.optimizer.spec.clip_norm = 10.0;
    assert_int_equal(job_join(&job, "w", 1, 0, &join, NULL), FW_OK);
    assert_int_equal(job_push(&job, join.epoch, 1, 0, 2.0f, &ack), FW_OK);
    assert_int_equal(fw_job_status(&job, 0, &status), FW_OK);
    assert_true(fabs(status.gradient_norm - 20.0) < 1e-5); /* unclipped */
    assert_true(fabs(status.update_norm - 0.1) < 1e-5);    /* 0.01 * 10 */
    fw_job_status_close(&status);
    fw_job_close(&job);
}

static void a_step_writes_into_the_gradients_blocks(void **state)
{
    struct fw_job job;
    struct fw_version *old;
    struct fw_version *next;
    float grad[10] = {1.0f};
    struct fw_gather *g;
    struct fw_block *block;

    (void)state;
    job_open(&job, 10, FW_LAW_FIXED);
    old = fw_version_ref(job.current);
    g = gather_of(job.pool, grad, 10);
    block = g->blocks[0];
    assert_int_equal(fw_optimizer_step(&job.optimizer, old, g, 0.5, 0.0, &next),
                     FW_OK);
    assert_ptr_equal(next->blocks[0], block);
    assert_int_equal(next->number, 1);
    assert_true(next->blocks[0]->data[0] == 0.5f);
    assert_true(old->blocks[0]->data[0] ==
                1.0f); /* readers are not disturbed */
    fw_version_unref(next);
    fw_version_unref(old);
    fw_job_close(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hundred_steps_equal_the_reference),
        cmocka_unit_test(a_step_tells_the_norms_of_gradient_and_update),
        cmocka_unit_test(a_step_writes_into_the_gradients_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
