/* delays.h - the staleness that a cluster makes, without any training.
 *
 * Layer: client/lab.  Thread: any. */
#ifndef FW_LAB_DELAYS_H
#define FW_LAB_DELAYS_H

#include "client/lab/service.h"

struct fw_delays_plan {
    const struct fw_service *service; /* lent; of a trace: it is repeated */
    uint32_t workers;                 /* at least 1 */
    double straggler; /* the first worker is so many times slower; 0: none */
    size_t updates;   /* taus wanted; at least 1 */
    uint64_t seed;
};

/* Write p->updates taus, oldest first; the cluster has run for a while before.
 * FW_NOMEM. */
FW_MUST_USE fw_status fw_delays_make(const struct fw_delays_plan *p,
                                     uint32_t *taus);

#endif
