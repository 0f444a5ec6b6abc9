/* waiter.h - a lock and a condition that can be waited on for a while.
 *
 * Layer: sdk/client.  Thread: any.  Lives inside what it guards. */
#ifndef FW_CLIENT_WAITER_H
#define FW_CLIENT_WAITER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct fw_waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* by the monotonic clock */
};

void fw_waiter_init(struct fw_waiter *w);
void fw_waiter_close(struct fw_waiter *w);

/* With the lock held: wait for a change until `until_ms` of the monotonic
 * clock.  False if that moment has come. */
bool fw_waiter_wait(struct fw_waiter *w, int64_t until_ms);

#endif
