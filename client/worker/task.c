#include "client/worker/task.h"

#include <stdlib.h>

#include "sdk/base/mem.h"

static fw_status open_data(struct fw_task *t, const struct fw_task_options *o,
                           struct fw_err *err)
{
    fw_status s = fw_dataset_load(&t->data, o->data, err);

    if (s != FW_OK)
        return s;
    fw_dataset_split(&t->data, FW_DATASET_VALIDATION, &t->train, &t->held_out);
    return fw_batches_init(&t->batches, &t->train, o->sampling, o->seed, err);
}

static fw_status open_net(struct fw_task *t, const struct fw_task_options *o,
                          struct fw_err *err)
{
    const struct fw_dataset *d = &t->data;
    struct fw_net_input input = {
        .channels = d->shape.channels,
        .height = d->shape.height,
        .width = d->shape.width,
        .classes = d->classes,
        .threads = 1, /* more speed comes from more workers */
    };

    return fw_net_init(&t->net, o->model, &input, err);
}

fw_status fw_task_open(struct fw_task *t, const struct fw_task_options *o,
                       struct fw_err *err)
{
    fw_status s;

    *t = (struct fw_task){.batch = o->batch};
    if (o->batch < 1 || o->batch > FW_NET_BATCH_MAX)
        return fw_err_set(err, FW_INVALID, "a batch is 1 to %d samples, not %u",
                          FW_NET_BATCH_MAX, o->batch);
    s = open_data(t, o, err);
    if (s == FW_OK)
        s = open_net(t, o, err);
    if (s == FW_OK) {
        t->inputs = fw_mem_array(o->batch, t->data.sample * sizeof(float));
        t->labels = fw_mem_array(o->batch, sizeof(float));
        if (!t->inputs || !t->labels)
            s = fw_err_set(err, FW_NOMEM, "no memory for a batch of %u",
                           o->batch);
    }
    if (s != FW_OK)
        fw_task_close(t);
    return s;
}

void fw_task_close(struct fw_task *t)
{
    free(t->inputs);
    free(t->labels);
    fw_net_close(&t->net);
    fw_batches_close(&t->batches);
    fw_dataset_close(&t->data);
    *t = (struct fw_task){0};
}

const struct fw_tensor *fw_task_tensors(const struct fw_task *t, uint32_t *n)
{
    *n = t->net.n_tensors;
    return t->net.tensors;
}

uint64_t fw_task_n_elements(const struct fw_task *t)
{
    return t->net.n_elements;
}

void fw_task_draw(const struct fw_task *t, uint64_t seed, float *parameters)
{
    fw_net_draw(&t->net, seed, parameters);
}

uint32_t fw_task_next(struct fw_task *t)
{
    fw_batches_take(&t->batches, t->batch, t->inputs, t->labels);
    return t->batch;
}

fw_status fw_task_gradient(struct fw_task *t, const float *parameters,
                           float *gradient, double *loss, struct fw_err *err)
{
    fw_status s = fw_net_gradient(&t->net, parameters, t->inputs, t->labels,
                                  t->batch, gradient, loss);

    return s == FW_OK ? s : fw_err_set(err, s, "cannot compute the gradient");
}

fw_status fw_task_evaluate(struct fw_task *t, const float *parameters,
                           double *loss, double *accuracy, uint64_t *samples,
                           struct fw_err *err)
{
    const struct fw_samples *h = &t->held_out;
    fw_status s;

    if (h->n == 0)
        return fw_err_set(err, FW_INVALID, "the data has no validation part");
    s = fw_net_evaluate(&t->net, parameters, h->inputs, h->labels, h->n, loss,
                        accuracy);
    *samples = h->n;
    return s == FW_OK ? s : fw_err_set(err, s, "cannot evaluate");
}

uint64_t fw_task_epoch(const struct fw_task *t)
{
    return t->train.n;
}
