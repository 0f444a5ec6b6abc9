/* brake.h - notices that the training loss rises, whatever the cause.
 *
 * Compares a short average of the reported loss with the lowest that it has
 * been lately.  What rises a little is waited for, since a smaller step takes
 * its time to show; what runs away is not, since it grows with each update.
 *
 * Arithmetic only.  Layer: server/momentum.  Thread: the job's. */
#ifndef FW_MOMENTUM_BRAKE_H
#define FW_MOMENTUM_BRAKE_H

#include <stdint.h>

struct fw_brake {
    double recent;   /* short average of the loss; NAN: none yet */
    double lowest;   /* that it has been lately; NAN: none yet */
    uint64_t quiet;  /* losses to come that cannot sound the alarm */
    uint64_t deaf;   /* losses to come that cannot even if they run away */
    uint64_t alarms; /* ever */
};

enum fw_alarm {
    FW_ALARM_NONE,
    FW_ALARM_RISES, /* by so much that it is no noise */
    FW_ALARM_RUNS_AWAY,
};

void fw_brake_init(struct fw_brake *b);

/* One more loss.  After an alarm there is quiet for the time that a change
 * takes to show, `delay` updates and what an average needs. */
enum fw_alarm fw_brake_add(struct fw_brake *b, double loss, double delay);

#endif
