/* record.h - what one run of the lab told.
 *
 * Layer: client/lab.  Thread: its owner's.  Zero is valid and empty. */
#ifndef FW_LAB_RECORD_H
#define FW_LAB_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sdk/base/status.h"
#include "server/momentum/staleness.h"

/* The state at one moment. */
struct fw_record_point {
    double time;      /* virtual, in mean service times */
    uint64_t updates; /* steps applied */
    double loss;      /* judged; see problem.h */
    double momentum;  /* explicit */
    double rate;      /* learning rate */
    double step;      /* effective */
    double bound;     /* of the effective step; NAN: not known */
    double curvature; /* h; NAN: not known */
    double staleness; /* mean of the window; 0: none yet */
    uint32_t workers; /* connected */
    uint32_t groups;  /* that they work in; 0: each by itself */
};

#define FW_RECORD_BARS 128u /* of the staleness histogram */

struct fw_record {
    bool reached;             /* the target loss */
    bool diverged;            /* not finite, or far above where it began */
    double time_to_target;    /* NAN: not reached */
    double updates_to_target; /* NAN: not reached */
    double loss_at_first;     /* judged before the first step */
    double loss;              /* judged last */
    double validation;        /* loss; NAN: not asked for */
    double accuracy;          /* NAN: not asked for, or no classifier */
    double time;              /* when it ended */
    uint64_t updates;         /* when it ended */
    uint64_t gradients;       /* computed by the workers */
    uint64_t probes;          /* further gradient evaluations, for curvature */
    uint64_t refused;         /* gradients */
    double worker_seconds;    /* of connected workers, virtual */
    double twin_ms;           /* real time spent in the twin */
    uint64_t twins;           /* runs of it */
    struct fw_staleness_summary staleness; /* of the last window */
    uint64_t bars[FW_RECORD_BARS];         /* its histogram */
    size_t n_bars;
    struct fw_record_point *points; /* owned */
    size_t n_points;
    size_t capacity;
};

void fw_record_close(struct fw_record *r);
FW_MUST_USE fw_status fw_record_add(struct fw_record *r,
                                    const struct fw_record_point *p);

#endif
