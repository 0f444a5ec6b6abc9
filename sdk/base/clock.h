/* clock.h - what time it is, for floors that may know.
 *
 * The core (server/momentum, server/job) never includes this: it is told the
 * time.  Leases and rates use the monotonic clock; the wall clock is for show.
 *
 * Layer: sdk/base.  Thread: any. */
#ifndef FW_BASE_CLOCK_H
#define FW_BASE_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t fw_clock_mono_ms(void);

/* Microseconds of CLOCK_MONOTONIC. */
int64_t fw_clock_mono_us(void);

/* A condition whose timed waits are on CLOCK_MONOTONIC; as pthread_cond_init.
 */
int fw_clock_mono_cond(pthread_cond_t *c);

/* Deadlines for pthread_cond_timedwait on such a one. */
struct timespec fw_clock_mono_after_ms(int64_t wait_ms);
struct timespec fw_clock_mono_after_us(int64_t wait_us);

/* Milliseconds since 1970, for people. */
int64_t fw_clock_unix_ms(void);

#endif
