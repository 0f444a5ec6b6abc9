#include "sdk/base/brisk.h"

#include <sched.h>

#include "sdk/base/clock.h"

#define SHORT_US 50 /* about what a sleep and a wake cost */
#define HOT_US   20 /* of trying before others have a turn */
#define LOOKS    64 /* between two turns of others on the core */

/* How long the wait has been; it begins now if it has not. */
static int64_t waited_us(struct fw_brisk *b)
{
    int64_t now_us = fw_clock_mono_us();

    if (!b->since_us)
        b->since_us = now_us;
    return now_us - b->since_us;
}

bool fw_brisk_again(struct fw_brisk *b, bool apart)
{
    int64_t us = waited_us(b);

    if (!b->on || us >= SHORT_US)
        return false;
    if (!b->hot || !apart || us >= HOT_US)
        (void)sched_yield();
    return true;
}

void fw_brisk_found(struct fw_brisk *b)
{
    int64_t us;

    if (!b->since_us)
        return;
    us = waited_us(b);
    b->on = us < 2 * SHORT_US;
    b->hot = us < 2 * HOT_US;
    b->since_us = 0;
}

bool fw_brisk_look(struct fw_brisk *b, fw_brisk_look_fn *look, const void *what,
                   const struct pollfd *also)
{
    bool late = waited_us(b) >= SHORT_US || !b->on; /* of the whole wait */
    bool found = false;

    while (!late && !found) {
        struct pollfd p = also ? *also : (struct pollfd){.fd = -1};

        for (int i = 0; i < LOOKS && !found; i++)
            found = look(what);
        found = found || (also && poll(&p, 1, 0) > 0);
        late = waited_us(b) >= SHORT_US;
        if (!found)
            (void)sched_yield();
    }
    return found;
}
