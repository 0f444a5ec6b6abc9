#include "server/momentum/brake.h"

#include <math.h>

#define WEIGHT 0.1   /* of a new loss: about the last 10 count */
#define RISE   2.0   /* times the lowest: more than batches scatter */
#define FORGET 0.002 /* by which the lowest rises with each loss */
#define FIRST  20u   /* losses that make an average */

void fw_brake_init(struct fw_brake *b)
{
    *b = (struct fw_brake){.recent = NAN, .lowest = NAN, .quiet = FIRST};
}

bool fw_brake_add(struct fw_brake *b, double loss, double delay)
{
    if (!isfinite(loss))
        return false;
    if (isnan(b->recent)) {
        b->recent = loss;
        b->lowest = loss;
    }
    b->recent += WEIGHT * (loss - b->recent);
    b->lowest = fmin(b->lowest + FORGET * fabs(b->lowest), b->recent);
    if (b->quiet > 0) {
        b->quiet--;
        return false;
    }
    /* a loss that may be negative has no scale to tell a rise by */
    if (b->lowest <= 0.0 || b->recent <= RISE * b->lowest)
        return false;
    b->quiet = FIRST + (uint64_t)(2.0 * fmax(delay, 0.0));
    b->lowest = b->recent;
    b->alarms++;
    return true;
}
