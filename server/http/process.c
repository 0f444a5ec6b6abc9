#include "server/http/process.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MICRO 1e-6
#define NANO  1e-9

static double seconds(const struct timeval *t)
{
    return (double)t->tv_sec + (double)t->tv_usec * MICRO;
}

static uint64_t count_fds(void)
{
    DIR *d = opendir("/proc/self/fd");
    uint64_t n = 0;

    if (!d)
        return 0;
    while (readdir(d))
        n++;
    closedir(d);
    return n < 3 ? 0 : n - 3; /* ".", ".." and the folder's own */
}

/* When it was born: /proc/self/stat counts ticks since the machine was. */
static double born(uint64_t ticks)
{
    struct timespec up;
    struct timespec now;
    double up_s;

    clock_gettime(CLOCK_BOOTTIME, &up);
    clock_gettime(CLOCK_REALTIME, &now);
    up_s = (double)up.tv_sec + (double)up.tv_nsec * NANO;
    return (double)now.tv_sec + (double)now.tv_nsec * NANO - up_s +
           (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

/* Fields 20, 22, 23 and 24 of proc(5); the second may hold blanks, and ends
 * with the last bracket. */
static void read_stat(struct fw_process *p)
{
    FILE *f = fopen("/proc/self/stat", "re");
    unsigned long long ticks;
    unsigned long long size;
    long threads;
    long pages;
    char line[1024]; /* more than the fields take */
    char *at = NULL;

    if (f && fgets(line, sizeof(line), f))
        at = strrchr(line, ')');
    if (at && sscanf(at + 1,
                     " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u "
                     "%*d %*d %*d %*d %ld %*d %llu %llu %ld",
                     &threads, &ticks, &size, &pages) == 4) {
        p->threads = (uint64_t)threads;
        p->start_seconds = born(ticks);
        p->virtual_bytes = size;
        p->rss_bytes = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
    }
    if (f)
        fclose(f);
}

void fw_process_read(struct fw_process *p)
{
    struct rusage used;
    struct rlimit files;

    *p = (struct fw_process){0};
    if (getrusage(RUSAGE_SELF, &used) == 0)
        p->cpu_seconds = seconds(&used.ru_utime) + seconds(&used.ru_stime);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        p->fds_max = files.rlim_cur;
    p->fds = count_fds();
    read_stat(p);
}
