/* staleness.h - how old gradients are when they are applied.
 *
 * An exact ring of the last 4,096 staleness values: tau = version at apply less
 * the version the worker read.  Statistics are computed when asked for.
 *
 * Layer: server/momentum.  Thread: the job's.  Zero is valid and empty. */
#ifndef FW_MOMENTUM_STALENESS_H
#define FW_MOMENTUM_STALENESS_H

#include <stddef.h>
#include <stdint.h>

#define FW_STALENESS_RING 4096u

struct fw_staleness {
    uint32_t tau[FW_STALENESS_RING]; /* newest at (next - 1) mod ring */
    size_t n;                        /* in use */
    size_t next;                     /* where the next one goes */
    uint64_t total;                  /* ever added */
};

struct fw_staleness_summary {
    size_t n;
    double mean;
    double deviation_ratio; /* standard deviation over mean; 0 for mean 0 */
    uint64_t p50;
    uint64_t p95;
    uint64_t p99;
};

/* Values above UINT32_MAX are kept as that. */
void fw_staleness_add(struct fw_staleness *s, uint64_t tau);

/* Mean of the ring; 0 when empty. */
double fw_staleness_mean(const struct fw_staleness *s);

/* All zero when empty. */
void fw_staleness_summarise(const struct fw_staleness *s,
                            struct fw_staleness_summary *out);

/* bars[k] counts tau = k; the last bar counts all that are more.  Returns how
 * many bars are in use: the last one that is not zero, plus one. */
size_t fw_staleness_histogram(const struct fw_staleness *s, uint64_t *bars,
                              size_t n_bars);

/* The geometric law of M memoryless workers: P(tau = k) = (1/M)(1 - 1/M)^k
 * (Mitliagkas et al. 2016, section 3). */
double fw_staleness_geometric(double workers, uint64_t k);

#endif
