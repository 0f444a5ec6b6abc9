/* choice.h - in how many groups workers should step (Omnivore, Hadjis et al.
 * 2016, with measured service times and the stability twin).
 *
 * For each number of groups the cluster's order of events is played through
 * with service times of the measured mean and scatter, barriers included; the
 * twin tells which step those delays bear, and
 *
 *     progress = updates per second * min(s*, kappa s_c/h)
 *
 * is what the steps cover, times up to 1.15 for steps that average gradients
 * and so carry less noise (docs/controller.md, "Groups", has the measurement).
 *
 * Layer: server/momentum.  Thread: any, it shares nothing. */
#ifndef FW_MOMENTUM_CHOICE_H
#define FW_MOMENTUM_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#define FW_CHOICES_MAX 32u

struct fw_choice_input {
    uint32_t workers;          /* that may share groups; at least 1 */
    uint32_t now;              /* groups they work in now */
    double service_ratio;      /* sd/mean of their service times */
    uint32_t slow;             /* workers in groups of their own in any case */
    double slow_ratio;         /* their service time over that of the others */
    double curvature;          /* h; above 0 */
    double reference_momentum; /* mu* */
    double reference_rate;     /* alpha* */
};

struct fw_choice {
    bool ok;         /* false: nothing below is known */
    uint32_t groups; /* the best; what is in force now unless another is better
                        by a tenth */
    double gain;     /* its progress over that of now */
    uint32_t n;      /* candidates */
    uint32_t candidates[FW_CHOICES_MAX]; /* numbers of groups */
    double progress[FW_CHOICES_MAX];     /* of each, by mean service time */
};

/* Milliseconds.  A bad input or no memory gives a choice that is not ok. */
void fw_choice_make(const struct fw_choice_input *in, struct fw_choice *out);

#endif
