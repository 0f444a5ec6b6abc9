/* bucket.h - so much a second, on average: a token bucket by virtual time.
 *
 * Whoever takes gets a place in line: the time at which what was taken before
 * has been paid off.  So takers are served in order and each waits once, and a
 * burst of a fifth of a second is nobody's to wait for.
 *
 * Layer: server/job.  Thread: its owner's.  Arithmetic only: no clock, no lock,
 * cannot fail.  Zero is a bucket without a limit. */
#ifndef FW_JOB_BUCKET_H
#define FW_JOB_BUCKET_H

#include <stdint.h>

#define FW_BUCKET_BURST_US 200000 /* taken ahead without a wait */

struct fw_bucket {
    double rate;    /* a second; 0: no limit */
    double paid_us; /* when all that was taken is paid off */
};

/* Take n, in any case; microseconds to wait before the next is taken, 0: none.
 * Time never goes back. */
int64_t fw_bucket_take(struct fw_bucket *b, double n, int64_t now_us);

/* How long one would have to wait before taking; takes nothing. */
int64_t fw_bucket_wait(const struct fw_bucket *b, int64_t now_us);

#endif
