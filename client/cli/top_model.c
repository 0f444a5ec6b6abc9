#include "client/cli/top_model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Two views have a table, a column and a direction. */
static size_t side(const struct fw_top_model *m)
{
    return m->view == FW_TOP_JOBS ? 0 : 1;
}

void fw_top_init(struct fw_top_model *m, const char *job)
{
    *m = (struct fw_top_model){.view = FW_TOP_JOBS, .page_rows = 10};
    if (job) {
        snprintf(m->job, sizeof(m->job), "%s", job);
        m->view = FW_TOP_JOB;
        m->only_job = true;
    }
}

void fw_top_close(struct fw_top_model *m)
{
    fw_top_table_close(&m->table);
    fw_status_response_close(&m->all);
    fw_job_status_close(&m->status);
}

/* Where the selection's name is kept. */
static char *selected(struct fw_top_model *m)
{
    return m->view == FW_TOP_JOBS ? m->chosen : m->worker;
}

static void select_row(struct fw_top_model *m, size_t row)
{
    if (m->table.n == 0) {
        m->cursor = 0;
        return;
    }
    m->cursor = row < m->table.n ? row : m->table.n - 1;
    snprintf(selected(m), FW_NAME_MAX + 1, "%s", m->table.rows[m->cursor].name);
}

/* Make the table anew and find the selected row in it. */
static fw_status rebuild(struct fw_top_model *m)
{
    struct fw_top_order o = {m->column[side(m)], m->descending[side(m)],
                             m->filter};
    fw_status s = FW_OK;

    if (m->view == FW_TOP_JOBS)
        s = fw_top_table_jobs(&m->table, &m->all, &o);
    else if (m->has_status)
        s = fw_top_table_workers(&m->table, &m->status, &o);
    else
        fw_top_table_close(&m->table);
    if (m->view == FW_TOP_WORKER)
        return s; /* it may come back: keep its name */
    for (size_t i = 0; i < m->table.n; i++) {
        if (strcmp(m->table.rows[i].name, selected(m)) == 0) {
            m->cursor = i;
            return s;
        }
    }
    select_row(m, m->cursor);
    return s;
}

bool fw_top_sort_by(struct fw_top_model *m, const char *title)
{
    bool jobs = m->view == FW_TOP_JOBS;
    const struct fw_top_column *c =
        jobs ? fw_top_job_columns : fw_top_worker_columns;
    size_t n = jobs ? fw_top_n_job_columns : fw_top_n_worker_columns;

    for (size_t i = 0; i < n; i++) {
        if (strcasecmp(c[i].title, title) == 0) {
            m->column[side(m)] = i;
            m->descending[side(m)] = !c[i].is_text;
            return true;
        }
    }
    return false;
}

fw_status fw_top_filter(struct fw_top_model *m, const char *text)
{
    snprintf(m->filter, sizeof(m->filter), "%s", text);
    return rebuild(m);
}

static void remember(struct fw_top_ring *r, double x)
{
    if (r->n == FW_DRAWN_COLUMNS) {
        memmove(r->values, r->values + 1,
                (FW_DRAWN_COLUMNS - 1) * sizeof(r->values[0]));
        r->n--;
    }
    r->values[r->n++] = x;
}

static void forget_job(struct fw_top_model *m)
{
    fw_job_status_close(&m->status);
    m->status = (struct fw_job_status){0};
    m->has_status = false;
    m->loss.n = 0;
    m->staleness.n = 0;
}

static void take_job(struct fw_top_model *m, struct fw_status_response *r)
{
    fw_job_status_close(&m->status);
    m->status = r->jobs[0]; /* take */
    r->jobs[0] = (struct fw_job_status){0};
    m->has_status = true;
    remember(&m->loss, m->status.loss.training);
    remember(&m->staleness,
             m->status.staleness.samples ? m->status.staleness.mean : NAN);
}

fw_status fw_top_take(struct fw_top_model *m, const char *asked,
                      struct fw_status_response *r)
{
    if (m->paused || strcmp(asked, m->job) != 0)
        return FW_OK; /* an answer to a view that was left */
    m->server = r->server;
    if (asked[0] == '\0') {
        fw_status_response_close(&m->all);
        m->all = *r; /* take */
        *r = (struct fw_status_response){0};
    } else if (r->n_jobs) {
        take_job(m, r);
    }
    return rebuild(m);
}

const struct fw_worker_status *fw_top_worker(const struct fw_top_model *m)
{
    for (uint32_t i = 0; m->has_status && i < m->status.n_workers; i++) {
        if (strcmp(m->status.worker[i].name, m->worker) == 0)
            return &m->status.worker[i];
    }
    return NULL;
}

static fw_status enter(struct fw_top_model *m)
{
    if (m->table.n == 0 || m->view == FW_TOP_WORKER)
        return FW_OK;
    m->filter[0] = '\0';
    if (m->view == FW_TOP_JOB) {
        m->view = FW_TOP_WORKER;
        return rebuild(m);
    }
    forget_job(m);
    snprintf(m->job, sizeof(m->job), "%s", m->chosen);
    m->worker[0] = '\0';
    m->cursor = 0;
    m->view = FW_TOP_JOB;
    return rebuild(m);
}

static fw_status leave(struct fw_top_model *m)
{
    if (m->filter[0]) {
        m->filter[0] = '\0';
    } else if (m->view == FW_TOP_WORKER) {
        m->view = FW_TOP_JOB;
    } else if (m->view == FW_TOP_JOB && !m->only_job) {
        m->view = FW_TOP_JOBS;
        m->job[0] = '\0';
        forget_job(m);
    }
    return rebuild(m);
}

static fw_status sort_by(struct fw_top_model *m, size_t column)
{
    if (m->view == FW_TOP_WORKER || column >= m->table.n_columns)
        return FW_OK;
    if (m->column[side(m)] == column)
        m->descending[side(m)] = !m->descending[side(m)];
    else
        m->descending[side(m)] = !m->table.columns[column].is_text;
    m->column[side(m)] = column;
    return rebuild(m);
}

/* The next column to sort by, to the left or to the right. */
static fw_status sort_beside(struct fw_top_model *m, size_t step)
{
    size_t n = m->table.n_columns;

    return n ? sort_by(m, (m->column[side(m)] + step) % n) : FW_OK;
}

/* A key while the filter is typed. */
static fw_status type(struct fw_top_model *m, int key)
{
    size_t n = strlen(m->filter);

    if (key == FW_KEY_ENTER || key == FW_KEY_ESCAPE) {
        m->typing = false;
        if (key == FW_KEY_ESCAPE)
            m->filter[0] = '\0';
    } else if (key == FW_KEY_BACKSPACE) {
        if (n)
            m->filter[n - 1] = '\0';
    } else if (key > ' ' && key <= '~' && n + 1 < sizeof(m->filter)) {
        m->filter[n] = (char)key;
        m->filter[n + 1] = '\0';
    }
    return rebuild(m);
}

static bool move_cursor(struct fw_top_model *m, int key)
{
    size_t last = m->table.n ? m->table.n - 1 : 0;
    size_t far = m->page_rows ? m->page_rows : 1;

    if (m->view == FW_TOP_WORKER)
        return false;
    if (key == FW_KEY_UP || key == 'k')
        select_row(m, m->cursor ? m->cursor - 1 : 0);
    else if (key == FW_KEY_DOWN || key == 'j')
        select_row(m, m->cursor + 1);
    else if (key == FW_KEY_PAGE_UP)
        select_row(m, m->cursor > far ? m->cursor - far : 0);
    else if (key == FW_KEY_PAGE_DOWN)
        select_row(m, m->cursor + far);
    else if (key == FW_KEY_HOME || key == 'g')
        select_row(m, 0);
    else if (key == FW_KEY_END || key == 'G')
        select_row(m, last);
    else
        return false;
    return true;
}

static fw_status command(struct fw_top_model *m, int key)
{
    switch (key) {
    case 'q':
        m->quit = true;
        return FW_OK;
    case '?':
        m->help = true;
        return FW_OK;
    case 'p':
        m->paused = !m->paused;
        return FW_OK;
    case '/':
        m->typing = m->view != FW_TOP_WORKER;
        return FW_OK;
    case FW_KEY_ENTER:
    case FW_KEY_RIGHT:
        return enter(m);
    case FW_KEY_ESCAPE:
    case FW_KEY_LEFT:
    case FW_KEY_BACKSPACE:
        return leave(m);
    case 's':
    case '>':
        return sort_beside(m, 1);
    case '<':
        return sort_beside(m, m->table.n_columns - 1);
    case 'r':
        return sort_by(m, m->column[side(m)]);
    default:
        if (key >= '1' && key <= '9')
            return sort_by(m, (size_t)(key - '1'));
        return FW_OK;
    }
}

fw_status fw_top_press(struct fw_top_model *m, int key)
{
    if (key == FW_KEY_NONE || key == FW_KEY_RESIZE)
        return FW_OK;
    if (m->typing)
        return type(m, key);
    if (m->help) {
        m->help = false; /* any key */
        m->quit = key == 'q';
        return FW_OK;
    }
    return move_cursor(m, key) ? FW_OK : command(m, key);
}
