/* run.h - what the simulations share: seeds, counts, failing loudly.
 *
 *     program [--seed S] [--count N]
 *
 * Seeds S, S + 1, ... are run, N of them.  The first failure is told with its
 * seed, and the program that is given that seed fails in the same way.
 *
 * Layer: tests.  Thread: the main one. */
#ifndef FW_TESTS_SIM_RUN_H
#define FW_TESTS_SIM_RUN_H

#include <stdbool.h>
#include <stdint.h>

struct run {
    uint64_t seed; /* the first, and in the end the one behind the last */
    uint64_t count;
};

/* False: the command line is not understood. */
bool run_options(struct run *r, int argc, char **argv);

/* The seed that claims are told with from now on. */
void run_seed(uint64_t seed);

/* End the program, naming seed and claim, unless it holds. */
void claim(bool holds, const char *what);

#endif
