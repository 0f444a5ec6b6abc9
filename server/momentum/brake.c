#include "server/momentum/brake.h"

#include <math.h>

#define WEIGHT 0.1   /* of a new loss: about the last 10 count */
#define RISE   2.0   /* times the lowest: more than batches scatter */
#define RUN    10.0  /* times the lowest: it will not stop by itself */
#define FORGET 0.002 /* by which the lowest rises with each loss */
#define FIRST  20u   /* losses that make an average */
#define SHORT  5u    /* losses that one that runs away is waited for */

void fw_brake_init(struct fw_brake *b)
{
    *b = (struct fw_brake){
        .recent = NAN, .lowest = NAN, .quiet = FIRST, .deaf = FIRST};
}

/* A loss that may be negative has no scale to tell a rise by */
static enum fw_alarm judge(const struct fw_brake *b)
{
    if (b->lowest <= 0.0)
        return FW_ALARM_NONE;
    if (b->recent > RUN * b->lowest && !b->deaf)
        return FW_ALARM_RUNS_AWAY;
    return b->recent > RISE * b->lowest && !b->quiet ? FW_ALARM_RISES
                                                     : FW_ALARM_NONE;
}

enum fw_alarm fw_brake_add(struct fw_brake *b, double loss, double delay)
{
    uint64_t shows = (uint64_t)(2.0 * fmax(delay, 0.0));
    enum fw_alarm alarm;

    if (!isfinite(loss))
        return FW_ALARM_NONE;
    if (isnan(b->recent)) {
        b->recent = loss;
        b->lowest = loss;
    }
    b->recent += WEIGHT * (loss - b->recent);
    b->lowest = fmin(b->lowest + FORGET * fabs(b->lowest), b->recent);
    alarm = judge(b);
    b->quiet -= b->quiet > 0;
    b->deaf -= b->deaf > 0;
    if (alarm == FW_ALARM_NONE)
        return alarm;
    b->quiet = FIRST + shows;
    if (alarm == FW_ALARM_RUNS_AWAY)
        b->deaf = SHORT + shows;
    b->lowest = b->recent;
    b->alarms++;
    return alarm;
}
