/* brake.h - notices that the training loss rises, whatever the cause.
 *
 * Compares a short average of the reported loss with the lowest that it has
 * been lately.
 *
 * Arithmetic only.  Layer: server/momentum.  Thread: the job's. */
#ifndef FW_MOMENTUM_BRAKE_H
#define FW_MOMENTUM_BRAKE_H

#include <stdbool.h>
#include <stdint.h>

struct fw_brake {
    double recent;   /* short average of the loss; NAN: none yet */
    double lowest;   /* that it has been lately; NAN: none yet */
    uint64_t quiet;  /* losses to come that cannot sound the alarm */
    uint64_t alarms; /* ever */
};

void fw_brake_init(struct fw_brake *b);

/* One more loss.  True: it has risen by so much that it is no noise.  Then
 * there is quiet for the time that a change takes to show, `delay` updates. */
bool fw_brake_add(struct fw_brake *b, double loss, double delay);

#endif
