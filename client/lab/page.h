/* page.h - one self-contained HTML report: words, tables, pictures.
 *
 *     fw_page_begin(&p, "title"); fw_page_words(&p, ...); fw_page_table(...);
 *     fw_draw_chart(&chart, &p.text) ... fw_page_write(&p, path, &err);
 *
 * No scripts, no fonts and nothing else from elsewhere; light and dark.  What
 * fails for want of memory is told by fw_page_write.
 *
 * Layer: client/lab.  Thread: its owner's.  Zero-initialise; close is safe
 * twice. */
#ifndef FW_LAB_PAGE_H
#define FW_LAB_PAGE_H

#include "client/lab/draw.h"

struct fw_page {
    struct fw_bytes text; /* owned */
    fw_status status;     /* the first failure */
};

void fw_page_begin(struct fw_page *p, const char *title);
void fw_page_close(struct fw_page *p);
void fw_page_heading(struct fw_page *p, const char *words);
FW_PRINTF(2, 3) void fw_page_words(struct fw_page *p, const char *fmt, ...);

/* A table, row by row: `cells` are n texts; the first row is the head. */
void fw_page_table_begin(struct fw_page *p);
void fw_page_row(struct fw_page *p, const char *const *cells, size_t n,
                 bool is_head);
void fw_page_table_end(struct fw_page *p);

void fw_page_chart(struct fw_page *p, const struct fw_chart *c);
void fw_page_heat(struct fw_page *p, const struct fw_heat *h);
void fw_page_bars(struct fw_page *p, const struct fw_bars *b);

/* End with the command, and put the page at `path` (temporary file, rename).
 * FW_NOMEM; FW_IO names the file.  Closes the page in any case. */
FW_MUST_USE fw_status fw_page_write(struct fw_page *p, const char *command,
                                    const char *path, struct fw_err *err);

#endif
