/* wave.h - a step that is made while its gradient is still coming.
 *
 * A gradient is applied whole or not at all.  One that waits for its last
 * element has left the cache by then, and a step has to read it from memory
 * again.  A wave steps each stretch as it lands, while it is warm, into blocks
 * and a momentum buffer of its own: nobody sees them before the whole gradient
 * was judged (commit).  If it is refused, ends in the middle or is overtaken,
 * they are dropped, and nothing has happened.
 *
 * A job has one wave at most.  Any other step breaks it; then its gradient,
 * over which the next parameters were written, has to be sent again.
 *
 * Layer: server/job.  Thread: begin and commit by who owns the job, step and
 * drop by who receives the gradient, break by either.  Lives inside a job. */
#ifndef FW_JOB_WAVE_H
#define FW_JOB_WAVE_H

#include <pthread.h>

#include "server/job/kernels.h"
#include "server/job/optimizer.h"
#include "server/job/params.h"
#include "server/job/sample.h"

struct fw_wave {
    pthread_mutex_t lock; /* guards all that follows */

    struct fw_gather *gather; /* whose wave this is; NULL: there is none */
    bool broken;              /* what was stepped is of no use any more */
    struct fw_version *base;  /* ref; what is stepped from */
    struct fw_version *next;  /* ref; has the gather's blocks */
    struct fw_step step;      /* how */
    double rate;              /* learning rate and momentum, as they were */
    double momentum;          /* when it began */
    const float *u;           /* lent by the optimizer; of `base` */
    float *u_next;            /* lent by the optimizer; of `next` */
    uint64_t done;            /* elements stepped */
    double square_norm;       /* of the update so far */

    const uint64_t *coordinates; /* lent by the controller; rising */
    uint32_t n_coordinates;      /* whose gradient is wanted; 0: of none */
    uint32_t n_seen;             /* in `seen` */
    float seen[FW_TOTAL_SAMPLES];
};

void fw_wave_init(struct fw_wave *v);
void fw_wave_close(struct fw_wave *v);

/* A gradient that is about to come will be stepped from `w` as it comes.
 * `coordinates`: whose elements of it a sensor wants.  False, and nothing has
 * happened: a wave is under way, or there is no memory. */
bool fw_wave_begin(struct fw_wave *v, struct fw_optimizer *o,
                   struct fw_version *w, struct fw_gather *g, double rate,
                   double momentum, const uint64_t *coordinates, uint32_t n);

/* Step what has landed since.  How many blocks of *next, which is lent to whom
 * the gather belongs, have their values; 0: none yet, or it is broken. */
uint32_t fw_wave_step(struct fw_wave *v, struct fw_gather *g,
                      struct fw_version **next);

/* Whether the step of a complete gradient can be committed. */
bool fw_wave_holds(struct fw_wave *v, const struct fw_gather *g);

/* The step was made.  Takes `g`, but on FW_STALE: the wave was broken. */
FW_MUST_USE fw_status fw_wave_commit(struct fw_wave *v, struct fw_optimizer *o,
                                     struct fw_gather *g,
                                     struct fw_version **out);

/* The gradient will not come to its end; as if it had never begun. */
void fw_wave_drop(struct fw_wave *v, const struct fw_gather *g);

/* The job steps without it. */
void fw_wave_break(struct fw_wave *v);

/* Elements stepped so far, by which others see that it moves; 0: there is none
 * to wait for. */
uint64_t fw_wave_progress(struct fw_wave *v);

#endif
