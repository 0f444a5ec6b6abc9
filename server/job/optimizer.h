/* optimizer.h - SGD with momentum over a version and a gradient.
 *
 * Layer: server/job.  Thread: the job's.  Lives inside struct fw_job. */
#ifndef FW_JOB_OPTIMIZER_H
#define FW_JOB_OPTIMIZER_H

#include "sdk/wire/job_spec.h"
#include "server/job/kernels.h"
#include "server/job/params.h"

/* Who is told, block by block, while a step is made: the first `n` blocks of
 * `next` will not change any more, and the step will not fail. */
struct fw_step_watch {
    void (*block)(struct fw_step_watch *w, struct fw_version *next, uint32_t n);
};

/* Floats on a 64-byte boundary. */
struct fw_buffer {
    void *memory; /* owned */
    float *at;    /* lent by `memory`; NULL: empty */
};

struct fw_optimizer {
    struct fw_optimizer_spec spec; /* set at init */
    struct fw_buffer
        momentum;           /* owned; u, one for each element; zero at first */
    uint64_t n_elements;    /* set at init */
    struct fw_buffer spare; /* owned; for the next u (wave.h); perhaps empty */
    struct fw_pool *pool; /* ref while there is a spare: it is claimed there */
    struct fw_step_watch *watch; /* lent by who has a step made; may be NULL */
    double gradient_norm; /* of the last step's gradient, before clipping */
    double update_norm;   /* of the last step */
};

FW_MUST_USE fw_status fw_optimizer_init(struct fw_optimizer *o,
                                        const struct fw_optimizer_spec *spec,
                                        uint64_t n_elements);
void fw_optimizer_close(struct fw_optimizer *o);

/* Whether none of n floats is a NaN or an infinity. */
bool fw_optimizer_finite(const float *x, uint64_t n);

/* The factor by which clipping shortens a gradient of this squared norm. */
double fw_optimizer_clip(const struct fw_optimizer *o, double square_norm);

/* How to step: the job's description, and what the controller chose. */
struct fw_step fw_optimizer_how(const struct fw_optimizer *o, double rate,
                                double momentum, double scale);

/* Have a second momentum buffer, claimed from the pool of `w`; false: there is
 * no room, or no memory. */
bool fw_optimizer_spare(struct fw_optimizer *o, const struct fw_version *w);

/* Give it back. */
void fw_optimizer_no_spare(struct fw_optimizer *o);

/* A step was made into the spare, which becomes the momentum. */
void fw_optimizer_turn(struct fw_optimizer *o, double gradient_square_norm,
                       double update_square_norm);

/* One step from `w`: the gradient's blocks become the next version, w's number
 * plus one, in *out.  Takes `g`, which is complete and finite, but on FW_NOMEM,
 * which changes nothing. */
FW_MUST_USE fw_status fw_optimizer_step(struct fw_optimizer *o,
                                        const struct fw_version *w,
                                        struct fw_gather *g, double rate,
                                        double momentum,
                                        struct fw_version **out);

#endif
