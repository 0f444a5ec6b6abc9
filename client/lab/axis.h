/* axis.h - from numbers to places on paper, with round ticks.
 *
 * Layer: client/lab.  Thread: any.  A plain value. */
#ifndef FW_LAB_AXIS_H
#define FW_LAB_AXIS_H

#include <stdbool.h>
#include <stddef.h>

#define FW_AXIS_TICKS_MAX 24u

struct fw_axis {
    bool log;
    double low;  /* finite; above 0 if log */
    double high; /* above low */
    double from; /* place of low */
    double to;   /* place of high */
    double ticks[FW_AXIS_TICKS_MAX];
    size_t n_ticks;
};

/* Take a number into [low, high]; one that cannot be shown is left out.  Begin
 * with low = INFINITY, high = -INFINITY. */
void fw_axis_take(struct fw_axis *a, double x);

/* Round the ends outwards and choose ticks; an empty axis becomes 0 to 1. */
void fw_axis_finish(struct fw_axis *a);

/* The place of x; NAN if it has none. */
double fw_axis_place(const struct fw_axis *a, double x);

#endif
