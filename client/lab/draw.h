/* draw.h - the lab's pictures as inline SVG, without scripts.
 *
 * Colours are told apart by the colour-blind (Okabe & Ito 2008) and lines by
 * their dashes too; ink follows the page's colour, so that light and dark both
 * work.  The same input gives the same bytes.
 *
 * Layer: client/lab.  Thread: any.  A picture is appended to `out`; FW_NOMEM
 * may leave part of it there. */
#ifndef FW_LAB_DRAW_H
#define FW_LAB_DRAW_H

#include <stdbool.h>
#include <stddef.h>

#include "sdk/base/bytes.h"

#define FW_DRAW_LINES_MAX 12u /* series that a chart can tell apart */

/* One line of a chart; points that are not finite are gaps. */
struct fw_draw_line {
    const char *name; /* lent; in the legend */
    const double *x;  /* lent */
    const double *y;  /* lent */
    size_t n;
};

struct fw_chart {
    const char *title; /* lent; read aloud, too */
    const char *x_name;
    const char *y_name;
    bool log_x;
    bool log_y;
    double level; /* a horizontal line, as a target; NAN: none */
    const struct fw_draw_line *lines;
    size_t n_lines; /* more than FW_DRAW_LINES_MAX are left out */
};

FW_MUST_USE fw_status fw_draw_chart(const struct fw_chart *c,
                                    struct fw_bytes *out);

/* A map of values: smaller is better and darker; not finite is "never". */
struct fw_heat {
    const char *title;
    const char *x_name; /* of columns */
    const char *y_name; /* of rows */
    const double *x;    /* n_x labels */
    const double *y;    /* n_y labels */
    size_t n_x;
    size_t n_y;
    const double *values; /* row after row; n_y * n_x */
};

FW_MUST_USE fw_status fw_draw_heat(const struct fw_heat *h,
                                   struct fw_bytes *out);

/* A histogram with a law drawn over it. */
struct fw_bars {
    const char *title;
    const char *x_name;
    const double *bars;
    const double *law; /* NULL: none */
    const char *law_name;
    size_t n;
};

FW_MUST_USE fw_status fw_draw_bars(const struct fw_bars *b,
                                   struct fw_bytes *out);

/* Text with what XML gives a meaning to taken out of it. */
FW_MUST_USE fw_status fw_draw_text(const char *text, struct fw_bytes *out);

#endif
