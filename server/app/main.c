/* flywheeld - the server. */
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>

#include "server/app/daemon.h"

/* glibc gives large pieces back to the system at once and takes the page
 * faults again with the next chunk; keeping them is a third of the speed
 * (docs/performance.md). */
static void keep_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_TOP_PAD, 16 << 20);
}

/* A connection takes two descriptors; the system lets us have more than the
 * usual 1,024, we need only say so. */
static void raise_descriptors(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return;
    r.rlim_cur = r.rlim_max;
    setrlimit(RLIMIT_NOFILE, &r);
}

int main(int argc, char **argv)
{
    struct fw_daemon d = {0};
    int exit_code;

    if (!fw_options_read(argc, argv, &d.config, &exit_code))
        return exit_code;
    keep_memory();
    raise_descriptors();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a write that may not be is an error, no more */
    return fw_daemon_run(&d);
}
