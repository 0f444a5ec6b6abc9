/* sample.h - what a step does to the coordinates the controller watches.
 *
 * The step writes the next parameters over the gradient, so the gradient is
 * looked at before and the parameters after.
 *
 * Layer: server/job.  Thread: the job's.  Lives inside struct fw_job. */
#ifndef FW_JOB_SAMPLE_H
#define FW_JOB_SAMPLE_H

#include "server/job/optimizer.h"
#include "server/job/params.h"
#include "server/momentum/controller.h"

struct fw_sample {
    float w[FW_TOTAL_SAMPLES]; /* parameters after the step */
    float g[FW_TOTAL_SAMPLES]; /* gradient as the step used it */
    bool has_gradient;         /* g is of this step */
};

/* Whether a gradient that is applied to `w` is looked at. */
bool fw_sample_wants_gradient(const struct fw_version *w);

/* `g` is about to be applied to `w`: clipped and with the L2 term, as `o` will
 * do it. */
void fw_sample_before(struct fw_sample *s, const struct fw_controller *c,
                      const struct fw_optimizer *o, const struct fw_version *w,
                      const struct fw_gather *g);

/* The same for who has kept the gradient's coordinates in `seen`. */
void fw_sample_seen(struct fw_sample *s, const struct fw_controller *c,
                    const struct fw_optimizer *o, const struct fw_version *w,
                    const float *seen);

/* It has, from a gradient computed at version `base`. */
void fw_sample_after(struct fw_sample *s, struct fw_controller *c,
                     const struct fw_version *w, uint64_t base, double rate);

#endif
