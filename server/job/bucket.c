#include "server/job/bucket.h"

#include <math.h>

#define SECOND_US 1e6
#define YEAR_US   (365.0 * 24 * 3600 * SECOND_US) /* "for ever" that adds up */

int64_t fw_bucket_wait(const struct fw_bucket *b, int64_t now_us)
{
    double wait_us = b->paid_us - FW_BUCKET_BURST_US - (double)now_us;

    if (b->rate <= 0.0 || !(wait_us > 0.0))
        return 0;
    return (int64_t)ceil(fmin(wait_us, YEAR_US));
}

int64_t fw_bucket_take(struct fw_bucket *b, double n, int64_t now_us)
{
    if (b->rate <= 0.0)
        return 0;
    b->paid_us = fmax(b->paid_us, (double)now_us) +
                 fmin(n / b->rate * SECOND_US, YEAR_US);
    return fw_bucket_wait(b, now_us);
}
