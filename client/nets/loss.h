/* loss.h - how wrong the last layer is, and in which direction.
 *
 * Layer: client/nets.  Thread: any.  Everything is lent by the caller. */
#ifndef FW_NETS_LOSS_H
#define FW_NETS_LOSS_H

#include <stddef.h>

#include "client/nets/real.h"

/* Outputs of the network next to what they should have been. */
struct fw_scores {
    size_t n;              /* samples */
    size_t width;          /* outputs a sample */
    const fw_real *y;      /* [n, width] */
    const fw_real *labels; /* [n] class numbers below width, or the target
                            * itself where width is 1 */
    fw_real *dy;           /* d(mean loss)/dy [n, width]; NULL: not wanted */
};

typedef double fw_loss_fn(const struct fw_scores *s);

/* Sum over the samples of the cross-entropy of softmax(y); width 2 or more. */
double fw_loss_softmax(const struct fw_scores *s);

/* Sum over the samples of half the squared distance of y to the target, or to
 * the label as a one-hot row. */
double fw_loss_squares(const struct fw_scores *s);

/* Samples whose largest output is that of their label (first of equals). */
size_t fw_loss_correct(const struct fw_scores *s);

#endif
