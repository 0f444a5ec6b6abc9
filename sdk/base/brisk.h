/* brisk.h - wait for another program without going to sleep, if that pays.
 *
 * Waking a sleeping thread costs more than a round of a small model.  Who found
 * the last wait short tries a few times more before it sleeps: without a pause
 * while the other side goes on on a core of its own, else letting others have
 * this one in between.  Who found it long sleeps at once.
 *
 * Layer: sdk/base.  Thread: its owner's.  Lives inside what waits. */
#ifndef FW_BASE_BRISK_H
#define FW_BASE_BRISK_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

struct fw_brisk {
    bool on;          /* the last wait was short */
    bool hot;         /* it was so short that the other side has a core */
    int64_t since_us; /* when the wait was begun; 0: nobody waits */
};

/* There is nothing yet.  True: try again at once; false: sleep.  `apart`: the
 * other side seems to have another core. */
bool fw_brisk_again(struct fw_brisk *b, bool apart);

/* What was waited for is there. */
void fw_brisk_found(struct fw_brisk *b);

/* For what can be seen in memory: look for it for a short while, and at `also`
 * (NULL: at nothing else).  True: it is there, or `also` is ready. */
typedef bool fw_brisk_look_fn(const void *what);
bool fw_brisk_look(struct fw_brisk *b, fw_brisk_look_fn *look, const void *what,
                   const struct pollfd *also);

#endif
