/* spread.h - how stale the gradients of each worker were.
 *
 * One sorting of the trace serves all workers: asking the trace for each of
 * them would cost its length times their number in every status.
 *
 * Layer: server/job.  Thread: the job's.  Nothing is owned. */
#ifndef FW_JOB_SPREAD_H
#define FW_JOB_SPREAD_H

#include "server/momentum/staleness.h"

struct fw_spread_item {
    uint32_t worker; /* slot */
    uint32_t tau;    /* of one of its gradients */
};

struct fw_spread {
    struct fw_spread_item items[FW_STALENESS_WINDOW]; /* by worker, then tau */
    uint32_t n;                                       /* used */
};

void fw_spread_init(struct fw_spread *s, const struct fw_staleness *trace);

/* Nearest rank, as of struct fw_staleness_summary; 0 without samples. */
uint32_t fw_spread_percentile(const struct fw_spread *s, uint32_t worker,
                              uint32_t percent);

#endif
