/* top_model.h - what `flywheel top` knows and what its keys do to it.
 *
 * No terminal, no network, no clock: keys and statuses go in, a view comes out
 * (top_page.h draws it).
 *
 * Layer: client/cli.  Thread: the main one.  Owned by cmd_top.c; close is safe
 * twice and on zero. */
#ifndef FW_CLI_TOP_MODEL_H
#define FW_CLI_TOP_MODEL_H

#include "client/cli/top_table.h"
#include "client/cli/top_text.h"

enum fw_top_view {
    FW_TOP_JOBS,   /* every job */
    FW_TOP_JOB,    /* one, with its workers */
    FW_TOP_WORKER, /* one worker of it */
};

/* Keys that are no character; characters are themselves. */
enum fw_top_key {
    FW_KEY_NONE = 0,
    FW_KEY_BACKSPACE = 8,
    FW_KEY_ENTER = 10,
    FW_KEY_ESCAPE = 27,
    FW_KEY_UP = 256,
    FW_KEY_DOWN,
    FW_KEY_LEFT,
    FW_KEY_RIGHT,
    FW_KEY_PAGE_UP,
    FW_KEY_PAGE_DOWN,
    FW_KEY_HOME,
    FW_KEY_END,
    FW_KEY_RESIZE,
};

/* The last values of something, oldest first. */
struct fw_top_ring {
    double values[FW_DRAWN_COLUMNS];
    size_t n;
};

struct fw_top_model {
    enum fw_top_view view;
    bool only_job;                /* began with --job: there is no list */
    bool typing;                  /* the filter is being typed */
    bool help;                    /* keys are explained */
    bool paused;                  /* statuses are let go */
    bool quit;                    /* q was pressed */
    char job[FW_NAME_MAX + 1];    /* the one looked at; "" in the list */
    char worker[FW_NAME_MAX + 1]; /* the one looked at, or selected */
    char chosen[FW_NAME_MAX + 1]; /* selected in the list of jobs */
    char filter[FW_NAME_MAX + 1]; /* of the view's table */
    size_t page_rows;             /* PageUp and PageDown go so far */

    /* by view: FW_TOP_JOBS and FW_TOP_JOB */
    size_t column[2];
    bool descending[2];

    struct fw_status_response all;  /* owned; the newest list */
    struct fw_server_status server; /* the newest */
    struct fw_job_status status;    /* owned; of `job`, if has_status */
    bool has_status;                /* `status` is of `job` */
    struct fw_top_ring loss;        /* of `job`, a value a status */
    struct fw_top_ring staleness;
    struct fw_top_table table; /* owned; of the view */
    size_t cursor;             /* selected row of the table */
};

/* `job` NULL: begin with the list. */
void fw_top_init(struct fw_top_model *m, const char *job);
void fw_top_close(struct fw_top_model *m);

/* The column called `title`, of any case, of the view's table; false: none. */
bool fw_top_sort_by(struct fw_top_model *m, const char *title);
FW_MUST_USE fw_status fw_top_filter(struct fw_top_model *m, const char *text);

/* Take a status that answers a question for `asked` ("": all jobs); what is
 * left of `r` is the caller's to close.  FW_NOMEM: the table is empty. */
FW_MUST_USE fw_status fw_top_take(struct fw_top_model *m, const char *asked,
                                  struct fw_status_response *r);

/* A key was pressed. */
FW_MUST_USE fw_status fw_top_press(struct fw_top_model *m, int key);

/* The worker looked at; NULL: it is gone. */
const struct fw_worker_status *fw_top_worker(const struct fw_top_model *m);

#endif
