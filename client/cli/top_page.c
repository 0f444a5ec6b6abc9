#include "client/cli/top_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/top_job.h"
#include "sdk/base/mem.h"
#include "sdk/base/words.h"

#define ROWS_LEAST 4 /* of the table, however much there is above it */
#define EDGES      3 /* first and last line, titles of columns */

void fw_top_page_close(struct fw_top_page *p)
{
    free(p->lines);
    *p = (struct fw_top_page){0};
}

fw_status fw_top_say(struct fw_top_page *p, enum fw_top_style style,
                     const char *fmt, ...)
{
    struct fw_top_line *l;
    va_list args;
    size_t used;

    if (fw_mem_grow(&p->lines, &p->capacity, p->n + 1, sizeof(*p->lines)))
        return FW_NOMEM;
    l = &p->lines[p->n++];
    l->style = style;
    va_start(args, fmt);
    vsnprintf(l->text, sizeof(l->text), fmt, args);
    va_end(args);
    fw_text_clip(l->text, p->width);
    used = strlen(l->text);
    while (used && l->text[used - 1] == ' ')
        l->text[--used] = '\0';
    return FW_OK;
}

static fw_status say_head(struct fw_top_page *p, const struct fw_top_model *m,
                          const struct fw_top_link *link)
{
    const char *dot = p->utf8 ? "·" : "-";
    char jobs[32] = ""; /* a status of one job counts no others */

    if (m->view == FW_TOP_JOBS)
        snprintf(jobs, sizeof(jobs), ", %u job%s", m->server.jobs,
                 fw_plural(m->server.jobs));
    if (link->stale)
        return fw_top_say(p, FW_TOP_BAD,
                          "flywheel top %s %s %s stale: %lld s "
                          "old%s%s",
                          dot, link->address, dot,
                          (long long)(link->age_ms / 1000),
                          link->trouble[0] ? ": " : "", link->trouble);
    return fw_top_say(
        p, FW_TOP_HEAD, "flywheel top %s %s %s flywheeld %s, up %llu s%s%s%s",
        dot, link->address, dot, m->server.version,
        (unsigned long long)(m->server.uptime_ms / 1000), jobs,
        m->server.draining ? ", draining" : "", m->paused ? ", PAUSED" : "");
}

static fw_status say_foot(struct fw_top_page *p, const struct fw_top_model *m)
{
    const char *keys = "Enter look  / filter  s,r,1-9 sort  p pause  ? help  "
                       "q quit";

    if (m->typing)
        return fw_top_say(p, FW_TOP_HEAD, "filter: %s_", m->filter);
    if (m->filter[0])
        return fw_top_say(p, FW_TOP_HEAD, "filter: %s (%zu of %zu; Esc: all)",
                          m->filter, m->table.n, m->table.n_all);
    if (m->view == FW_TOP_WORKER)
        keys = "Esc back  p pause  ? help  q quit";
    else if (m->view == FW_TOP_JOB && !m->only_job)
        keys = "Esc back  Enter look  / filter  s,r,1-9 sort  p pause  ? help  "
               "q quit";
    return fw_top_say(p, FW_TOP_HEAD, "%s", keys);
}

/* One cell behind the text of a row. */
static void add_cell(char *text, const struct fw_top_column *c,
                     const char *cell)
{
    size_t at = strlen(text);

    snprintf(text + at, FW_TOP_LINE_BYTES - at,
             c->is_text ? "%-*.*s " : "%*.*s ", c->width, c->width, cell);
}

static fw_status say_titles(struct fw_top_page *p, const struct fw_top_model *m)
{
    size_t side = m->view == FW_TOP_JOBS ? 0 : 1;
    char text[FW_TOP_LINE_BYTES] = "";

    for (size_t i = 0; i < m->table.n_columns; i++) {
        char title[FW_TOP_CELL_BYTES];
        const char *arrow = m->descending[side] ? "v" : "^";

        snprintf(title, sizeof(title), "%s%s", m->table.columns[i].title,
                 p->height && i == m->column[side] ? arrow : "");
        add_cell(text, &m->table.columns[i], title);
    }
    return fw_top_say(p, FW_TOP_TITLES, "%s", text);
}

static fw_status say_row(struct fw_top_page *p, const struct fw_top_model *m,
                         size_t row)
{
    const struct fw_top_row *r = &m->table.rows[row];
    char text[FW_TOP_LINE_BYTES] = "";

    for (size_t i = 0; i < m->table.n_columns; i++)
        add_cell(text, &m->table.columns[i], i ? r->cell[i] : r->name);
    return fw_top_say(
        p, p->height && row == m->cursor ? FW_TOP_SELECTED : r->style, "%s",
        text);
}

static fw_status say_table(struct fw_top_page *p, struct fw_top_model *m)
{
    size_t room = p->height ? p->height - p->n - 2 : m->table.n;
    size_t first = 0;
    fw_status s = say_titles(p, m);

    m->page_rows = room;
    if (m->cursor >= room)
        first = p->height ? m->cursor - room + 1 : 0;
    for (size_t i = first; s == FW_OK && i < m->table.n && i < first + room;
         i++)
        s = say_row(p, m, i);
    if (s == FW_OK && m->table.n == 0)
        s = fw_top_say(p, FW_TOP_FAINT, "%s",
                       m->table.n_all ? "nothing passes the filter"
                       : m->view == FW_TOP_JOBS
                           ? "no jobs; flywheel job create makes one"
                           : "no workers; flywheel worker --job joins");
    return s;
}

static fw_status say_help(struct fw_top_page *p)
{
    static const char *const lines[] = {
        "",
        "  Up, Down, j, k       select a row",
        "  PgUp, PgDn, g, G     a page; the first, the last row",
        "  Enter, Right         look into a job, into a worker",
        "  Esc, Left            back; drops the filter first",
        "  1 to 9               sort by that column; again: other direction",
        "  s, >, <              sort by the next, the previous column",
        "  r                    the other direction",
        "  /                    filter by name, state, law, reason",
        "  p                    pause, go on",
        "  q, Ctrl-C            quit",
        "",
        "  WHY: quarantined, silent (5 s), refused (a tenth of its",
        "  gradients), slow (under half of the mean rate), stale (twice",
        "  the mean staleness).",
        "",
        "  Any key closes this.",
    };
    fw_status s = FW_OK;

    for (size_t i = 0; s == FW_OK && i < sizeof(lines) / sizeof(*lines); i++)
        s = fw_top_say(p, FW_TOP_PLAIN, "%s", lines[i]);
    return s;
}

/* What stands above the table gives way to it. */
static void leave_room(struct fw_top_page *p)
{
    size_t most =
        p->height > ROWS_LEAST + EDGES ? p->height - ROWS_LEAST - EDGES + 1 : 1;

    if (p->height && p->n > most)
        p->n = most;
}

static fw_status say_body(struct fw_top_page *p, struct fw_top_model *m)
{
    fw_status s = FW_OK;

    if (m->help)
        return say_help(p);
    if (m->view == FW_TOP_WORKER)
        return fw_top_say_worker(p, m);
    if (m->view == FW_TOP_JOB)
        s = fw_top_say_job(p, m);
    leave_room(p);
    if (s == FW_OK && (m->view == FW_TOP_JOBS || m->has_status) &&
        (p->height == 0 || p->height >= p->n + EDGES))
        s = say_table(p, m);
    return s;
}

fw_status fw_top_draw(struct fw_top_page *p, struct fw_top_model *m,
                      const struct fw_top_link *link)
{
    fw_status s;

    p->n = 0;
    s = say_head(p, m, link);
    if (s == FW_OK)
        s = say_body(p, m);
    if (s != FW_OK || p->height == 0)
        return s;
    while (s == FW_OK && p->n + 1 < p->height)
        s = fw_top_say(p, FW_TOP_PLAIN, "%s", "");
    if (p->n + 1 > p->height)
        p->n = p->height - 1; /* the keys are seen however little there is */
    return s == FW_OK ? say_foot(p, m) : s;
}
