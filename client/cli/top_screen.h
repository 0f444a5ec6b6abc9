/* top_screen.h - a terminal that shows pages and gives keys: all of ncurses.
 *
 * Layer: client/cli.  Thread: the main one.  One at a time in a process, as
 * ncurses wants it.  Close is safe twice and on zero; it gives the terminal
 * back as it was. */
#ifndef FW_CLI_TOP_SCREEN_H
#define FW_CLI_TOP_SCREEN_H

#include "client/cli/top_page.h"

struct screen; /* of ncurses */

struct fw_top_screen {
    struct screen *handle; /* owned; NULL: closed */
    bool colours;          /* the terminal has them and NO_COLOR is not set */
};

/* FW_UNSUPPORTED: $TERM names no terminal that can do it. */
FW_MUST_USE fw_status fw_top_screen_open(struct fw_top_screen *s,
                                         struct fw_err *err);
void fw_top_screen_close(struct fw_top_screen *s);

/* Columns and lines there are now, into the page. */
void fw_top_screen_size(const struct fw_top_screen *s, struct fw_top_page *p);

void fw_top_screen_paint(struct fw_top_screen *s, const struct fw_top_page *p);

/* The next key (top_model.h); FW_KEY_NONE if none comes in `ms`. */
int fw_top_screen_key(struct fw_top_screen *s, int ms);

#endif
