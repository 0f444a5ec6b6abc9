#include "sdk/base/clock.h"

static int64_t read_us(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t fw_clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t fw_clock_mono_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int fw_clock_mono_cond(pthread_cond_t *c)
{
    pthread_condattr_t attr;
    int e;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    e = pthread_cond_init(c, &attr);
    pthread_condattr_destroy(&attr);
    return e;
}

struct timespec fw_clock_mono_after_ms(int64_t wait_ms)
{
    return fw_clock_mono_after_us(wait_ms * 1000);
}

struct timespec fw_clock_mono_after_us(int64_t wait_us)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += wait_us / 1000000;
    t.tv_nsec += wait_us % 1000000 * 1000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

int64_t fw_clock_unix_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}
