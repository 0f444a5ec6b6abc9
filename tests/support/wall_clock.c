/* wall_clock.c - preloaded: the wall clock is off by as many seconds as the
 * file FW_WALL_CLOCK holds (an int64), read at every look; other clocks are
 * left alone.
 *
 * Layer: tests.  Thread: any. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define US_NS 1000

#pragma GCC visibility push(default)
int clock_gettime(clockid_t clock, struct timespec *t);
int gettimeofday(struct timeval *restrict t, void *restrict zone);
time_t time(time_t *t);
#pragma GCC visibility pop

static int64_t off_by(void)
{
    static const int64_t *seconds; /* mapped for ever */
    const char *path = getenv("FW_WALL_CLOCK");
    int fd;

    if (seconds)
        return __atomic_load_n(seconds, __ATOMIC_RELAXED);
    fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        void *p = mmap(NULL, sizeof(*seconds), PROT_READ, MAP_SHARED, fd, 0);

        close(fd);
        if (p != MAP_FAILED)
            seconds = p;
    }
    return seconds ? __atomic_load_n(seconds, __ATOMIC_RELAXED) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    int r = (int)syscall(SYS_clock_gettime, clock, t);

    if (!r && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        t->tv_sec += off_by();
    return r;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;
    int r = clock_gettime(CLOCK_REALTIME, &now);

    (void)zone;
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / US_NS;
    return r;
}

time_t time(time_t *t)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (t)
        *t = now.tv_sec;
    return now.tv_sec;
}
