#include "sdk/base/brisk.h"

#include <sched.h>
#include <stdint.h>

#include "sdk/base/clock.h"

#define SHORT_US 50 /* about what a sleep and a wake cost */
#define LOOKS    64 /* between two turns of others on the core */

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

bool fw_brisk_look(struct fw_brisk *b, fw_brisk_look_fn *look, const void *what,
                   const struct pollfd *also)
{
    int64_t from_us = b->on ? fw_clock_mono_us() : 0;
    bool found = false;

    while (b->on && !found) {
        struct pollfd p = also ? *also : (struct pollfd){.fd = -1};

        for (int i = 0; i < LOOKS && !found; i++)
            found = look(what);
        found = found || (also && poll(&p, 1, 0) > 0);
        if (!found && fw_clock_mono_us() - from_us >= SHORT_US)
            b->on = false;
        if (!found)
            (void)sched_yield();
    }
    return found;
}
