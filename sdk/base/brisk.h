/* brisk.h - wait for a descriptor without going to sleep, if that pays.
 *
 * Waking a sleeping thread costs more than a round of a small model.  Who found
 * the last wait short looks a few times more before it sleeps, and lets others
 * have the core in between; who found it long sleeps at once.
 *
 * Layer: sdk/base.  Thread: its owner's.  Lives inside what waits. */
#ifndef FW_BASE_BRISK_H
#define FW_BASE_BRISK_H

#include <poll.h>
#include <stdbool.h>

struct fw_brisk {
    bool on; /* the last wait was short */
};

/* As poll(). */
int fw_brisk_poll(struct fw_brisk *b, struct pollfd *p, nfds_t n, int wait_ms);

/* For what can be seen without poll(): look for it for a short while, and at
 * `also` (NULL: at nothing else), before the caller polls.  True: it is there,
 * or `also` is ready. */
typedef bool fw_brisk_look_fn(const void *what);
bool fw_brisk_look(struct fw_brisk *b, fw_brisk_look_fn *look, const void *what,
                   const struct pollfd *also);

#endif
