#include "client/cli/top_screen.h"

#include <curses.h>
#include <stdlib.h>

#define ESCAPE_MS 50 /* an Escape alone is not the start of another key */

enum pair {
    PAIR_WARN = 1,
    PAIR_BAD,
};

static void start_colours(struct fw_top_screen *s)
{
    const char *no = getenv("NO_COLOR");

    s->colours = (!no || !no[0]) && has_colors();
    if (!s->colours)
        return;
    start_color();
    use_default_colors();
    init_pair(PAIR_WARN, COLOR_YELLOW, -1);
    init_pair(PAIR_BAD, COLOR_RED, -1);
}

fw_status fw_top_screen_open(struct fw_top_screen *s, struct fw_err *err)
{
    const char *term = getenv("TERM");

    *s = (struct fw_top_screen){0};
    s->handle = term && term[0] ? newterm(NULL, stdout, stdin) : NULL;
    if (!s->handle)
        return fw_err_set(err, FW_UNSUPPORTED,
                          "$TERM '%s' is no terminal that is known; try "
                          "--once",
                          term ? term : "");
    set_term(s->handle);
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    set_escdelay(ESCAPE_MS);
    curs_set(0);
    start_colours(s);
    return FW_OK;
}

void fw_top_screen_close(struct fw_top_screen *s)
{
    if (!s->handle)
        return;
    endwin();
    delscreen(s->handle);
    *s = (struct fw_top_screen){0};
}

void fw_top_screen_size(const struct fw_top_screen *s, struct fw_top_page *p)
{
    (void)s;
    p->height = (unsigned)getmaxy(stdscr);
    p->width = (unsigned)getmaxx(stdscr);
}

/* Attributes of a style; *pair is its colour. */
static attr_t look(const struct fw_top_screen *s, enum fw_top_style style,
                   short *pair)
{
    *pair = 0;
    switch (style) {
    case FW_TOP_HEAD:
    case FW_TOP_SELECTED:
        return A_REVERSE;
    case FW_TOP_TITLES:
        return A_BOLD;
    case FW_TOP_FAINT:
        return A_DIM;
    case FW_TOP_WARN:
        *pair = s->colours ? PAIR_WARN : 0;
        return s->colours ? A_NORMAL : A_BOLD;
    case FW_TOP_BAD:
        *pair = s->colours ? PAIR_BAD : 0;
        return A_BOLD;
    case FW_TOP_PLAIN:
        break;
    }
    return A_NORMAL;
}

void fw_top_screen_paint(struct fw_top_screen *s, const struct fw_top_page *p)
{
    int lines = getmaxy(stdscr);

    erase();
    for (int y = 0; y < lines && (size_t)y < p->n; y++) {
        short pair;
        attr_t attributes = look(s, p->lines[y].style, &pair);

        mvaddstr(y, 0, p->lines[y].text);
        mvchgat(y, 0, -1, attributes, pair, NULL);
    }
    refresh();
}

static int translate(int key)
{
    switch (key) {
    case ERR:
        return FW_KEY_NONE;
    case KEY_UP:
        return FW_KEY_UP;
    case KEY_DOWN:
        return FW_KEY_DOWN;
    case KEY_LEFT:
        return FW_KEY_LEFT;
    case KEY_RIGHT:
        return FW_KEY_RIGHT;
    case KEY_PPAGE:
        return FW_KEY_PAGE_UP;
    case KEY_NPAGE:
        return FW_KEY_PAGE_DOWN;
    case KEY_HOME:
        return FW_KEY_HOME;
    case KEY_END:
        return FW_KEY_END;
    case KEY_RESIZE:
        return FW_KEY_RESIZE;
    case KEY_ENTER:
    case '\r':
    case '\n':
        return FW_KEY_ENTER;
    case KEY_BACKSPACE:
    case '\b':
    case '\x7f': /* what most terminals send */
        return FW_KEY_BACKSPACE;
    case '\x1b':
        return FW_KEY_ESCAPE;
    default:
        return key >= ' ' && key <= '~' ? key : FW_KEY_NONE;
    }
}

int fw_top_screen_key(struct fw_top_screen *s, int ms)
{
    (void)s;
    timeout(ms);
    return translate(getch());
}
