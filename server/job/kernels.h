/* kernels.h - the fused step over a run of floats, at memory speed.
 *
 * For each element, in torch.optim.SGD's order (l2 is its weight_decay; decay
 * is AdamW's, decoupled):
 *
 *     g' = scale*g + l2*w
 *     u' = mu*u + g'
 *     d  = nesterov ? g' + mu*u' : u'
 *     w' = w*(1 - alpha*decay) - alpha*d
 *
 * w' may be written over g.  The instruction set is chosen at run time; within
 * one the same input gives the same bits.
 *
 * Layer: server/job.  Thread: any.  Nothing is owned. */
#ifndef FW_JOB_KERNELS_H
#define FW_JOB_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

struct fw_step {
    float alpha; /* learning rate, schedule included */
    float mu;    /* explicit momentum */
    float scale; /* of the gradient, by clipping; else 1 */
    float l2;    /* added to the gradient: + l2*w */
    float decay; /* decoupled: w*(1 - alpha*decay) */
    bool nesterov;
};

/* One step of n elements; returns the squared norm of w' - w.  w' goes to
 * `w_out`, which may be `g`, and u' to `u_out`, which may be `u`; otherwise the
 * arrays do not overlap. */
double fw_kernel_step(const struct fw_step *s, const float *w, const float *u,
                      const float *g, float *w_out, float *u_out, size_t n);

/* "avx512", "avx2" or "portable": what fw_kernel_step uses here. */
const char *fw_kernel_name(void);

/* The kernels that were built, best first; so that a test can run each. */
#define FW_KERNELS 3u

/* Name and step of kernel i (below FW_KERNELS); NULL if this machine cannot
 * run it.  The step is fw_kernel_step's. */
typedef double fw_kernel_fn(const struct fw_step *s, const float *w,
                            const float *u, const float *g, float *w_out,
                            float *u_out, size_t n);
fw_kernel_fn *fw_kernel_at(unsigned i, const char **name);

#endif
