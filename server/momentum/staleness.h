/* staleness.h - how old the applied gradients were.
 *
 * Keeps the last FW_STALENESS_WINDOW values of tau exactly, each with the
 * number of workers of its time, so that the trace can be scaled to any other
 * number of workers without losing what was measured.
 *
 * Layer: server/momentum.  Thread: the job's.  Zero is valid and empty. */
#ifndef FW_MOMENTUM_STALENESS_H
#define FW_MOMENTUM_STALENESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FW_STALENESS_WINDOW 4096u /* taus kept */
#define FW_STALENESS_BARS   64u   /* of the counts since birth */
#define FW_STALENESS_DRAWN  2048u /* taus made up for a cluster not yet seen */

/* One applied gradient. */
struct fw_staleness_sample {
    uint32_t tau;     /* model versions between read and apply; saturates */
    uint32_t workers; /* M when it was applied */
    uint32_t worker;  /* slot of who sent it */
};

struct fw_staleness {
    struct fw_staleness_sample ring[FW_STALENESS_WINDOW];
    uint32_t n;     /* used, at most the window */
    uint32_t next;  /* where the next one goes */
    uint64_t sum;   /* of the taus in the ring */
    uint64_t total; /* ever seen */
    uint64_t since; /* total when the number of workers changed last */
    uint64_t ever[FW_STALENESS_BARS]; /* taus since birth; the last bar: more */
    uint64_t ever_sum;                /* of the taus since birth */
};

/* What a window of staleness looks like. */
struct fw_staleness_summary {
    uint32_t n;             /* in the window */
    double mean;            /* 0 without samples */
    double deviation_ratio; /* standard deviation/mean; 0 if the mean is 0 */
    uint32_t p50;           /* nearest rank; 0 without samples */
    uint32_t p95;
    uint32_t p99;
};

/* One more tau, seen while `workers` were connected. */
void fw_staleness_add(struct fw_staleness *s, uint64_t tau, uint32_t workers,
                      uint32_t worker);

/* Mean of the window; 0 when empty. */
double fw_staleness_mean(const struct fw_staleness *s);

/* bars[k] counts tau = k; the last bar counts all that are more.  Returns how
 * many bars are in use: the last one that is not zero, plus one. */
size_t fw_staleness_histogram(const struct fw_staleness *s, uint64_t *bars,
                              size_t n_bars);

/* As measured; of all workers, or of the one in slot `worker`. */
void fw_staleness_summarise(const struct fw_staleness *s,
                            struct fw_staleness_summary *out);
void fw_staleness_summarise_worker(const struct fw_staleness *s,
                                   uint32_t worker,
                                   struct fw_staleness_summary *out);

/* Write the trace (oldest first, at most FW_STALENESS_WINDOW) as `workers`
 * would have made it, and return its length.  Once it is settled, that is what
 * they did make, lately.  Before that it is scaled, tau' = tau (M' - 1)/(M -
 * 1), rounded so that the mean is kept; taus of a time with one worker, and
 * those of a cluster never seen, are drawn from the geometric law (the same on
 * every machine). */
uint32_t fw_staleness_trace(const struct fw_staleness *s, uint32_t workers,
                            uint32_t *taus);

/* Whether the trace is of `workers` as they are: enough gradients have come
 * since their number changed. */
bool fw_staleness_settled(const struct fw_staleness *s, uint32_t workers);

/* Mean and deviation ratio of that trace; its percentiles are left 0. */
void fw_staleness_expect(const struct fw_staleness *s, uint32_t workers,
                         struct fw_staleness_summary *out);

/* The share of gradients with tau = k that memoryless workers would have
 * (Mitliagkas et al. 2016): (1/M)(1 - 1/M)^k. */
double fw_staleness_geometric(uint32_t workers, uint32_t k);

#endif
