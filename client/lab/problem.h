/* problem.h - what the lab's workers work on.
 *
 *     quadratic:KAPPA[:NOISE]   sum of lambda_i w_i^2/2, lambda from 1/KAPPA to
 *                               1 (64 of them, evenly in log; KAPPA 1: a
 *                               scalar); gradients with noise of deviation
 *                               NOISE (0.01)
 *     linear, logistic, mlp, cnn   on images (client/data), batches of 32
 *
 * Layer: client/lab.  Thread: one at a time for a problem; the data may be
 * shared by problems in many threads.  Zero-initialise; close is safe twice. */
#ifndef FW_LAB_PROBLEM_H
#define FW_LAB_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/data/dataset.h"
#include "sdk/base/status.h"

#define FW_PROBLEM_RULE "quadratic:KAPPA[:NOISE], linear, logistic, mlp or cnn"

struct fw_problem;

struct fw_problem_kind {
    void (*draw)(struct fw_problem *p, uint64_t seed, float *w);
    void (*next)(struct fw_problem *p);
    fw_status (*gradient)(struct fw_problem *p, const float *w, float *g,
                          double *loss, struct fw_err *err);
    fw_status (*judge)(struct fw_problem *p, const float *w, double *loss,
                       struct fw_err *err);
    fw_status (*validate)(struct fw_problem *p, const float *w, double *loss,
                          double *accuracy, struct fw_err *err);
    void (*close)(struct fw_problem *p);
};

/* What a problem is made of; lent for its life. */
struct fw_problem_plan {
    const char *spec;              /* FW_PROBLEM_RULE */
    const struct fw_dataset *data; /* of images; NULL for a quadratic */
    uint32_t batch;                /* samples of a gradient */
};

struct fw_problem {
    const struct fw_problem_kind *kind; /* static; NULL: closed */
    void *state;                        /* owned; the kind's */
    uint64_t n_elements;
    uint64_t epoch; /* samples in one; 0: it has no samples */
    uint32_t batch; /* samples of a gradient */
};

/* Whether the problem needs data. */
bool fw_problem_wants_data(const char *spec);

/* FW_INVALID names what is wrong; FW_NOMEM.  On failure *p is closed. */
FW_MUST_USE fw_status fw_problem_open(struct fw_problem *p,
                                      const struct fw_problem_plan *plan,
                                      struct fw_err *err);
void fw_problem_close(struct fw_problem *p);

/* First parameters, and the stream of batches or noise starts anew. */
void fw_problem_draw(struct fw_problem *p, uint64_t seed, float *w);

/* Go on to the next batch. */
void fw_problem_next(struct fw_problem *p);

/* Loss and gradient of the batch at w. */
FW_MUST_USE fw_status fw_problem_gradient(struct fw_problem *p, const float *w,
                                          float *g, double *loss,
                                          struct fw_err *err);

/* Training loss, on the same few samples each time, so that it can be compared
 * with a target. */
FW_MUST_USE fw_status fw_problem_judge(struct fw_problem *p, const float *w,
                                       double *loss, struct fw_err *err);

/* Loss and share correct on held-out data; NAN where there is none. */
FW_MUST_USE fw_status fw_problem_validate(struct fw_problem *p, const float *w,
                                          double *loss, double *accuracy,
                                          struct fw_err *err);

/* The kinds. */
FW_MUST_USE fw_status fw_quadratic_open(struct fw_problem *p,
                                        const struct fw_problem_plan *plan,
                                        struct fw_err *err);
FW_MUST_USE fw_status fw_vision_open(struct fw_problem *p,
                                     const struct fw_problem_plan *plan,
                                     struct fw_err *err);

#endif
