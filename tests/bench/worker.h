/* worker.h - what a worker under measurement says to the driver.
 *
 *     worker: ready                  it is connected and warm
 *     driver: go SECONDS
 *     worker: rounds N seconds S     and waits for the end of its input, so
 *                                    that its CPU time can be read
 *
 * tests/bench/peer.py says the same.  Thread: the main one. */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define BENCH_WARM_ROUNDS 3

static inline double bench_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Warm up, wait for the word, run rounds, tell.  False if a round failed. */
static inline bool bench_worker(bool (*round)(void *user), void *user)
{
    double seconds = 0.0;
    double from;
    double now;
    unsigned long n = 0;
    char line[64];

    for (int i = 0; i < BENCH_WARM_ROUNDS; i++) {
        if (!round(user))
            return false;
    }
    puts("ready");
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin) ||
        sscanf(line, "go %lf", &seconds) != 1)
        return false;
    from = bench_now();
    do {
        if (!round(user))
            return false;
        n++;
        now = bench_now();
    } while (now - from < seconds);
    printf("rounds %lu seconds %.6f\n", n, now - from);
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin))
        continue;
    return true;
}

#endif
