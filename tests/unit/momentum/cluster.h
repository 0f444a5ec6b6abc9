/* cluster.h - a simulated cluster of asynchronous workers for the tests.
 *
 * M workers with independent service times; each reads the newest model, works,
 * and applies.  Only staleness comes out of it.
 *
 * Layer: tests.  Thread: the test's.  Owns nothing. */
#ifndef FW_TESTS_CLUSTER_H
#define FW_TESTS_CLUSTER_H

#include <stddef.h>
#include <stdint.h>

struct fw_random;

/* Service times have mean 1 and are gamma of this shape; 0: constant. */
struct cluster {
    uint32_t workers;
    double shape;     /* 1: exponential */
    double straggler; /* the first worker is this much slower; 1: it is not */
    uint64_t seed;
};

/* Fill `taus` with the staleness of `n` updates. */
void cluster_trace(const struct cluster *c, uint32_t *taus, size_t n);

#endif
