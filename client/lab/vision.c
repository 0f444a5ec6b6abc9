/* The problems on images: a network of client/nets on a set of client/data. */
#include <math.h>
#include <stdlib.h>

#include "client/data/batches.h"
#include "client/lab/problem.h"
#include "client/nets/net.h"
#include "sdk/base/mem.h"

#define JUDGED      512 /* training images that the loss is judged on */
#define STREAM_SEED 0x9e3779b97f4a7c15ull /* batches differ from first w */

struct vision {
    struct fw_samples train;    /* lent by the set */
    struct fw_samples held_out; /* lent by the set */
    struct fw_batches batches;  /* owned; zero before the first draw */
    struct fw_net net;          /* owned */
    float *inputs;              /* owned; the current batch */
    float *labels;              /* owned */
    bool dry;                   /* out of memory for batches: gradients fail */
};

static void draw(struct fw_problem *p, uint64_t seed, float *w)
{
    struct vision *v = p->state;

    fw_net_draw(&v->net, seed, w);
    fw_batches_close(&v->batches);
    v->dry = fw_batches_init(&v->batches, &v->train, "iid", seed ^ STREAM_SEED,
                             NULL) != FW_OK;
}

static void next(struct fw_problem *p)
{
    struct vision *v = p->state;

    if (!v->dry)
        fw_batches_take(&v->batches, p->batch, v->inputs, v->labels);
}

static fw_status gradient(struct fw_problem *p, const float *w, float *g,
                          double *loss, struct fw_err *err)
{
    struct vision *v = p->state;
    fw_status s = FW_NOMEM;

    if (!v->dry)
        s = fw_net_gradient(&v->net, w, v->inputs, v->labels, p->batch, g,
                            loss);
    return s == FW_OK ? s : fw_err_set(err, s, "cannot compute a gradient");
}

static fw_status judge(struct fw_problem *p, const float *w, double *loss,
                       struct fw_err *err)
{
    struct vision *v = p->state;
    size_t n = v->train.n < JUDGED ? v->train.n : JUDGED;
    double accuracy;
    fw_status s = fw_net_evaluate(&v->net, w, v->train.inputs, v->train.labels,
                                  n, loss, &accuracy);

    return s == FW_OK ? s : fw_err_set(err, s, "cannot compute the loss");
}

static fw_status validate(struct fw_problem *p, const float *w, double *loss,
                          double *accuracy, struct fw_err *err)
{
    struct vision *v = p->state;
    fw_status s;

    *loss = NAN;
    *accuracy = NAN;
    if (v->held_out.n == 0)
        return FW_OK;
    s = fw_net_evaluate(&v->net, w, v->held_out.inputs, v->held_out.labels,
                        v->held_out.n, loss, accuracy);
    return s == FW_OK ? s : fw_err_set(err, s, "cannot validate");
}

static void close_vision(struct fw_problem *p)
{
    struct vision *v = p->state;

    fw_batches_close(&v->batches);
    fw_net_close(&v->net);
    free(v->inputs);
    free(v->labels);
    free(v);
}

static fw_status open_net(struct vision *v, const struct fw_problem_plan *plan,
                          struct fw_err *err)
{
    const struct fw_dataset *d = plan->data;
    struct fw_net_input input = {
        .channels = d->shape.channels,
        .height = d->shape.height,
        .width = d->shape.width,
        .classes = d->classes,
        .threads = 1, /* runs go side by side instead */
    };

    fw_dataset_split(d, FW_DATASET_VALIDATION, &v->train, &v->held_out);
    if (v->train.n == 0)
        return fw_err_set(err, FW_INVALID, "the data has no training images");
    v->inputs = fw_mem_array(plan->batch, d->sample * sizeof(float));
    v->labels = fw_mem_array(plan->batch, sizeof(float));
    if (!v->inputs || !v->labels)
        return fw_err_set(err, FW_NOMEM, "no memory for a batch of %u",
                          plan->batch);
    return fw_net_init(&v->net, plan->spec, &input, err);
}

fw_status fw_vision_open(struct fw_problem *p,
                         const struct fw_problem_plan *plan, struct fw_err *err)
{
    static const struct fw_problem_kind kind = {draw,  next,     gradient,
                                                judge, validate, close_vision};
    struct vision *v;
    fw_status s;

    if (plan->batch < 1 || plan->batch > FW_NET_BATCH_MAX)
        return fw_err_set(err, FW_INVALID, "a batch is 1 to %d samples, not %u",
                          FW_NET_BATCH_MAX, plan->batch);
    v = fw_mem_array(1, sizeof(*v));
    if (!v)
        return fw_err_set(err, FW_NOMEM, "no memory for the problem");
    p->kind = &kind;
    p->state = v;
    p->batch = plan->batch;
    s = open_net(v, plan, err);
    if (s == FW_OK) {
        p->n_elements = v->net.n_elements;
        p->epoch = v->train.n;
    } else {
        fw_problem_close(p);
    }
    return s;
}
