/* top_page.h - a view of top_model.h as lines of text.
 *
 * The same lines go to a screen (top_screen.h) and, whole and without styles,
 * to stdout for `flywheel top --once`.
 *
 * Layer: client/cli.  Thread: the main one.  Zero-initialise; close is safe
 * twice. */
#ifndef FW_CLI_TOP_PAGE_H
#define FW_CLI_TOP_PAGE_H

#include "client/cli/top_model.h"
#include "sdk/base/bytes.h"

#define FW_TOP_LINE_BYTES 1024

struct fw_top_line {
    enum fw_top_style style;
    char text[FW_TOP_LINE_BYTES]; /* UTF-8; cut to the width */
};

struct fw_top_page {
    struct fw_top_line *lines; /* owned */
    size_t n;
    size_t capacity;

    /* set by the caller */
    unsigned width;  /* columns */
    unsigned height; /* lines; 0: as many as it takes, no cursor, no keys */
    bool utf8;       /* blocks and dots may be drawn */
};

/* How the statuses come. */
struct fw_top_link {
    const char *address; /* lent */
    int64_t age_ms;      /* of the newest status */
    bool stale;          /* the server does not answer */
    char trouble[sizeof(((struct fw_err *)0)->text)]; /* why, if it is known */
};

/* Draw.  `m->page_rows` becomes what the table has room for.  FW_NOMEM. */
FW_MUST_USE fw_status fw_top_draw(struct fw_top_page *p, struct fw_top_model *m,
                                  const struct fw_top_link *link);
void fw_top_page_close(struct fw_top_page *p);

/* Add a line (for top_job.c); FW_NOMEM adds none. */
FW_MUST_USE FW_PRINTF(3, 4) fw_status
    fw_top_say(struct fw_top_page *p, enum fw_top_style style, const char *fmt,
               ...);

#endif
