/* twin.h - the stability twin: how large a step these delays bear.
 *
 * Replays a staleness trace on the scalar problem of curvature 1,
 *     v <- mu v - s (1 - mu) x[t - tau],   x <- x + v,
 * measures the growth of |x| (Lyapunov exponent) and finds by bisection the
 * largest stable effective step s_c(mu).  For curvature h it is s_c(mu)/h.
 *
 * Layer: server/momentum.  Thread: any, it shares nothing.  Allocates its
 * history for the time of a call. */
#ifndef FW_MOMENTUM_TWIN_H
#define FW_MOMENTUM_TWIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sdk/base/status.h"

#define FW_TWIN_TRACE   4096u /* taus in an input */
#define FW_TWIN_MOMENTA 16u   /* momenta in an input */

/* What to find out; a plain copy, it owns nothing. */
struct fw_twin_input {
    uint64_t ticket;                 /* comes back with the result */
    uint32_t workers;                /* the trace was scaled to */
    uint32_t updates;                /* to replay; 0: by the trace's mean */
    uint32_t n_trace;                /* 0: nothing to replay */
    uint32_t n_momenta;              /* at least 1 */
    uint32_t trace[FW_TWIN_TRACE];   /* oldest first */
    double momenta[FW_TWIN_MOMENTA]; /* rising; each in (-1, 1) */
};

struct fw_twin_result {
    uint64_t ticket;                 /* of the input */
    uint32_t workers;                /* of the input */
    bool ok;                         /* false: nothing below is known */
    uint32_t n_momenta;              /* of the input */
    double momenta[FW_TWIN_MOMENTA]; /* of the input */
    double limits[FW_TWIN_MOMENTA];  /* s_c of each; finite, above 0 */
    double trace_mean;               /* of tau */
    double trace_ratio;              /* its standard deviation/mean */
    double ms; /* set by the caller, who has a clock; 0: not measured */
};

/* Run it: milliseconds.  A bad input or no memory gives a result that is not
 * ok. */
void fw_twin_run(const struct fw_twin_input *in, struct fw_twin_result *out);

/* s_c at any momentum within [momenta[0], momenta[n - 1]] (outside: at the
 * nearer end), between the grid's points by interpolation of log s_c; NAN if
 * the result is not ok. */
double fw_twin_limit(const struct fw_twin_result *r, double momentum);

/* A trace of any length; it starts anew when it is shorter than `updates`. */
struct fw_twin_problem {
    const uint32_t *trace; /* lent */
    size_t n_trace;        /* at least 1 */
    size_t updates;        /* to replay */
};

/* s_c of `n` momenta.  FW_INVALID: an empty trace or a momentum outside
 * (-1, 1); FW_NOMEM. */
FW_MUST_USE fw_status fw_twin_limits(const struct fw_twin_problem *p,
                                     const double *momenta, size_t n,
                                     double *limits);

#endif
