#include "sdk/client/waiter.h"

#include <errno.h>
#include <time.h>

#include "sdk/base/clock.h"

#define MS_PER_SECOND 1000
#define NS_PER_MS     1000000

void fw_waiter_init(struct fw_waiter *w)
{
    pthread_mutex_init(&w->lock, NULL);
    (void)fw_clock_mono_cond(&w->changed);
}

void fw_waiter_close(struct fw_waiter *w)
{
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
}

bool fw_waiter_wait(struct fw_waiter *w, int64_t until_ms)
{
    struct timespec until = {
        .tv_sec = until_ms / MS_PER_SECOND,
        .tv_nsec = until_ms % MS_PER_SECOND * NS_PER_MS,
    };

    return pthread_cond_timedwait(&w->changed, &w->lock, &until) != ETIMEDOUT;
}
