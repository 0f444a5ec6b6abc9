/* task.h - a network and the data it is trained on, as one thing.
 *
 * The only file that knows both client/nets and client/data; the loops know
 * tensors, gradients and scores.
 *
 * Layer: client/worker.  Thread: its owner's; must not move once open.
 * Zero-initialise; close is safe twice and on zero. */
#ifndef FW_WORKER_TASK_H
#define FW_WORKER_TASK_H

#include "client/data/batches.h"
#include "client/data/dataset.h"
#include "client/nets/net.h"
#include "sdk/base/status.h"

struct fw_task_options {
    const char *model;    /* linear, logistic, mlp or cnn */
    const char *data;     /* a SPEC; see client/data/dataset.h */
    const char *sampling; /* iid or shard:I/N */
    uint32_t batch;       /* samples of a gradient */
    uint64_t seed;        /* of the batches */
};

struct fw_task {
    struct fw_dataset data;     /* owned */
    struct fw_samples train;    /* lent by `data` */
    struct fw_samples held_out; /* lent by `data` */
    struct fw_batches batches;  /* owned; lent `data` */
    struct fw_net net;          /* owned */
    uint32_t batch;             /* samples of a gradient */
    float *inputs;              /* owned; of the batch taken last */
    float *labels;              /* owned */
};

/* Load data, make the network.  FW_INVALID, FW_NOT_FOUND and FW_CORRUPT name
 * the model, the option or the file and what is wrong; the task is closed. */
FW_MUST_USE fw_status fw_task_open(struct fw_task *t,
                                   const struct fw_task_options *o,
                                   struct fw_err *err);
void fw_task_close(struct fw_task *t);

/* The parameters; lent. */
const struct fw_tensor *fw_task_tensors(const struct fw_task *t, uint32_t *n);
uint64_t fw_task_n_elements(const struct fw_task *t);

/* First parameters. */
void fw_task_draw(const struct fw_task *t, uint64_t seed, float *parameters);

/* Take the next batch; its samples. */
uint32_t fw_task_next(struct fw_task *t);

/* Gradient of the mean loss of the batch taken last, and that loss. */
FW_MUST_USE fw_status fw_task_gradient(struct fw_task *t,
                                       const float *parameters, float *gradient,
                                       double *loss, struct fw_err *err);

/* Mean loss and share correct (NAN if it is no classifier) on the validation
 * data, and how many samples those are. */
FW_MUST_USE fw_status fw_task_evaluate(struct fw_task *t,
                                       const float *parameters, double *loss,
                                       double *accuracy, uint64_t *samples,
                                       struct fw_err *err);

/* Training samples; one pass over them is an epoch. */
uint64_t fw_task_epoch(const struct fw_task *t);

#endif
