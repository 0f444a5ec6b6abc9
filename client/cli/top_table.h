/* top_table.h - jobs or workers as rows that can be sorted and filtered.
 *
 * Layer: client/cli.  Thread: the main one.  A table is made anew from every
 * status and lends its names from it.  Zero-initialise; close is safe twice. */
#ifndef FW_CLI_TOP_TABLE_H
#define FW_CLI_TOP_TABLE_H

#include <stdbool.h>

#include "sdk/wire/messages.h"

#define FW_TOP_COLUMNS_MAX 12
#define FW_TOP_CELL_BYTES  32

/* How a line looks; what a screen makes of it is its matter. */
enum fw_top_style {
    FW_TOP_PLAIN,
    FW_TOP_HEAD,     /* the first and the last line */
    FW_TOP_TITLES,   /* of columns */
    FW_TOP_SELECTED, /* where the cursor is */
    FW_TOP_FAINT,
    FW_TOP_WARN,
    FW_TOP_BAD,
};

struct fw_top_column {
    const char *title;
    int width;    /* columns on the screen */
    bool is_text; /* sorted as text, set on the left */
};

struct fw_top_row {
    const char *name; /* lent by the status; the whole of the first cell */
    enum fw_top_style style;
    char cell[FW_TOP_COLUMNS_MAX][FW_TOP_CELL_BYTES];
    double key[FW_TOP_COLUMNS_MAX]; /* to sort by; NAN: unknown, goes last */
};

struct fw_top_order {
    size_t column;
    bool descending;
    const char *filter; /* lent; "" for all: what name or words contain */
};

struct fw_top_table {
    const struct fw_top_column *columns; /* lent */
    size_t n_columns;
    struct fw_top_row *rows; /* owned; in order, without what was filtered */
    size_t n;
    size_t n_all; /* before the filter */
};

void fw_top_table_close(struct fw_top_table *t);

/* The columns, without a table. */
extern const struct fw_top_column fw_top_job_columns[];
extern const size_t fw_top_n_job_columns;
extern const struct fw_top_column fw_top_worker_columns[];
extern const size_t fw_top_n_worker_columns;

/* Jobs of a server, or workers of a job.  FW_NOMEM leaves an empty table. */
FW_MUST_USE fw_status fw_top_table_jobs(struct fw_top_table *t,
                                        const struct fw_status_response *all,
                                        const struct fw_top_order *o);
FW_MUST_USE fw_status fw_top_table_workers(struct fw_top_table *t,
                                           const struct fw_job_status *j,
                                           const struct fw_top_order *o);

/* What holds a worker back, in a word; "" if nothing does. */
const char *fw_top_why(const struct fw_job_status *j,
                       const struct fw_worker_status *w);

#endif
