/* history.h - what became of runs, second by second, kept in SQLite.
 *
 * Whoever has something to tell pushes a row; it is copied into a bounded
 * queue and written by a thread of the history's own.  A queue that is full, a
 * disk that is full and a database that is locked cost rows, which are counted,
 * and nothing else.  A database that is broken is set aside, and a new one is
 * begun.  Reading goes through a connection of the reader's own.
 *
 * Tables (plain SQL, for any tool): runs, points, decisions, sessions, events.
 *
 * Layer: server/store.  Thread: any, unless said.  The program owns it. */
#ifndef FW_STORE_HISTORY_H
#define FW_STORE_HISTORY_H

#include "sdk/wire/history.h"

#define FW_HISTORY_QUEUE 4096u /* rows that may wait, unless told otherwise */
#define FW_EVENT_MAX     32    /* letters of an event's name */

struct fw_history; /* opaque */

struct fw_history_options {
    const char *path;   /* of the database; copied */
    uint32_t keep_days; /* what is older goes */
    uint32_t max_mb;    /* the oldest points go when there is more */
    uint32_t queue;     /* rows that may wait; 0: FW_HISTORY_QUEUE */
    uint32_t prune_ms;  /* between two looks at what is too old; 0: a minute */
};

enum fw_history_kind {
    FW_ROW_POINT,
    FW_ROW_DECISION,
    FW_ROW_SESSION,
    FW_ROW_EVENT,
    FW_ROW_END, /* the job was deleted */
};

/* A run as it is now. */
struct fw_history_point {
    double series[FW_SERIES_COUNT]; /* NAN: not known */
    uint64_t version;
    uint64_t updates;
    double worker_seconds;
    enum fw_law law;
};

struct fw_history_decision {
    uint64_t incarnation; /* of the server: each counts from 1 */
    struct fw_decision_message decision;
};

/* A worker's session; a later row of the same epoch takes its place. */
struct fw_history_session {
    char worker[FW_NAME_MAX + 1];
    uint64_t epoch;
    enum fw_worker_state state; /* connected, or why not */
    uint64_t gradients;         /* its contribution */
    uint64_t refused;
    uint64_t samples;
    double staleness_mean;
};

struct fw_history_event {
    char event[FW_EVENT_MAX + 1]; /* joined, left, lost, checkpoint ... */
    char text[FW_SENTENCE_MAX];
};

struct fw_history_row {
    enum fw_history_kind kind;
    char job[FW_NAME_MAX + 1];
    int64_t life_ms; /* when this job of that name began: tells two apart */
    bool resumed;    /* it came out of a checkpoint: its run goes on */
    int64_t unix_ms;
    union {
        struct fw_history_point point;
        struct fw_history_decision decision;
        struct fw_history_session session;
        struct fw_history_event event;
    } of;
};

/* How the history itself is doing. */
struct fw_history_state {
    uint64_t written;
    uint64_t dropped;            /* rows that are lost */
    uint32_t waiting;            /* in the queue */
    bool degraded;               /* the last write failed */
    char error[FW_SENTENCE_MAX]; /* and why */
};

/* Start the thread, which opens the database.  FW_NOMEM. */
FW_MUST_USE fw_status fw_history_open(const struct fw_history_options *o,
                                      struct fw_history **out,
                                      struct fw_err *err);

/* Write what waits, end the thread, let go.  NULL is fine. */
void fw_history_close(struct fw_history *h);

/* Never waits for the disk.  False: the row is dropped and counted.  `h` NULL:
 * there is no history; false. */
bool fw_history_push(struct fw_history *h, const struct fw_history_row *row);

/* Wait until all that was pushed is written or dropped; for tests. */
void fw_history_flush(struct fw_history *h);

void fw_history_state(struct fw_history *h, struct fw_history_state *out);

/* Readers; they wait for the disk.  `h` NULL or a database that cannot be read:
 * HISTORY_UNAVAILABLE.  RUN_NOT_FOUND.  The caller closes `out`.  Decisions:
 * the last `limit` of the job's run that has not ended, oldest first; none if
 * there is no such run. */
FW_MUST_USE fw_status fw_history_read(const struct fw_history *h,
                                      const struct fw_history_request *r,
                                      struct fw_history_series *out,
                                      struct fw_err *err);
FW_MUST_USE fw_status fw_history_runs(const struct fw_history *h,
                                      const struct fw_runs_request *r,
                                      struct fw_run_list *out,
                                      struct fw_err *err);
FW_MUST_USE fw_status fw_history_decisions(const struct fw_history *h,
                                           const char *job, uint32_t limit,
                                           struct fw_decision_list *out,
                                           struct fw_err *err);

#endif
