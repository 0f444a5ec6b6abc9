#include "tests/sim/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t current;

bool run_options(struct run *r, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char *end = NULL;
        uint64_t x = i + 1 < argc ? strtoull(argv[i + 1], &end, 10) : 0;

        if (!end || *end || end == argv[i + 1])
            return false;
        if (strcmp(argv[i], "--seed") == 0)
            r->seed = x;
        else if (strcmp(argv[i], "--count") == 0)
            r->count = x;
        else
            return false;
        i++;
    }
    return true;
}

void run_seed(uint64_t seed)
{
    current = seed;
}

void claim(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "seed %" PRIu64 ": it does not hold that %s\n", current,
            what);
    abort();
}
