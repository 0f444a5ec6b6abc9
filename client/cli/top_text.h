/* top_text.h - bars, sparklines and the cutting of lines, as text.
 *
 * Layer: client/cli.  Thread: any.  Arithmetic only; texts are the caller's and
 * always terminated. */
#ifndef FW_CLI_TOP_TEXT_H
#define FW_CLI_TOP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Room for a bar or a sparkline of 64 columns, each at most 3 bytes. */
#define FW_DRAWN_COLUMNS 64
#define FW_DRAWN_BYTES   (3 * FW_DRAWN_COLUMNS + 1)

struct fw_bar {
    double value; /* NAN: not known, an empty bar */
    double low;   /* value of an empty bar */
    double high;  /* value of a full one; above `low` */
    double mark;  /* drawn as a line; NAN: none */
    unsigned columns;
    bool utf8; /* blocks; else '#' */
};

/* Always `columns` wide (at most FW_DRAWN_COLUMNS).  Returns `out`. */
const char *fw_text_bar(const struct fw_bar *b, char out[FW_DRAWN_BYTES]);

/* The last FW_DRAWN_COLUMNS of `n` values, from their least to their greatest;
 * what is not finite is a blank.  Returns `out`. */
const char *fw_text_spark(const double *values, size_t n, bool utf8,
                          char out[FW_DRAWN_BYTES]);

/* Cut UTF-8 text to so many columns (every character takes one). */
void fw_text_clip(char *text, unsigned columns);

#endif
