#include "sdk/base/brisk.h"

#include <sched.h>
#include <stdint.h>

#include "sdk/base/clock.h"

#define SHORT_US 50 /* about what a sleep and a wake cost */

int fw_brisk_poll(struct fw_brisk *b, struct pollfd *p, nfds_t n, int wait_ms)
{
    int64_t from_us = fw_clock_mono_us();
    int ready = 0;

    while (b->on && ready == 0 && fw_clock_mono_us() - from_us < SHORT_US) {
        ready = poll(p, n, 0);
        if (ready == 0)
            (void)sched_yield();
    }
    if (ready == 0)
        ready = poll(p, n, wait_ms);
    b->on = ready > 0 && fw_clock_mono_us() - from_us < 2 * SHORT_US;
    return ready;
}
