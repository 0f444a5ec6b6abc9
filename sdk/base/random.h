/* random.h - small deterministic random numbers (not for secrets).
 *
 * xoshiro256++ (Blackman & Vigna 2019) seeded by splitmix64: the same seed
 * gives the same numbers on every machine.
 *
 * Layer: sdk/base.  Thread: its owner's. */
#ifndef FW_BASE_RANDOM_H
#define FW_BASE_RANDOM_H

#include <stdint.h>

struct fw_random {
    uint64_t s[4];
    double spare; /* second normal of a pair */
    int has_spare;
};

void fw_random_init(struct fw_random *r, uint64_t seed);
uint64_t fw_random_u64(struct fw_random *r);

/* Uniform integer in [0, n); n > 0. */
uint64_t fw_random_below(struct fw_random *r, uint64_t n);

/* Uniform in [0, 1) with 53 bits. */
double fw_random_uniform(struct fw_random *r);

/* Mean 0, deviation 1. */
double fw_random_normal(struct fw_random *r);

/* Mean 1. */
double fw_random_exponential(struct fw_random *r);

/* Mean `shape`, scale 1 (Marsaglia & Tsang 2000); shape > 0. */
double fw_random_gamma(struct fw_random *r, double shape);

#endif
