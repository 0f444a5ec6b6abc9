#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_check(bool holds, const char *claim)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz: it does not hold that %s\n", claim);
    abort();
}

const char *fuzz_file(const uint8_t *data, size_t n)
{
    static char path[64];
    static int fd = -1;

    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        fuzz_check(fd >= 0, "memory can be had as a file");
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    fuzz_check(ftruncate(fd, 0) == 0 && pwrite(fd, data, n, 0) == (ssize_t)n,
               "the input can be written");
    return path;
}
