/* history_db.h - the database of the history, as its writing thread has it.
 *
 * Layer: server/store.  Thread: the history's own.  Lives in struct
 * fw_history; zero is closed. */
#ifndef FW_STORE_HISTORY_DB_H
#define FW_STORE_HISTORY_DB_H

#include <sqlite3.h>

#include "server/store/history.h"

#define FW_HISTORY_BATCH 5000u /* rows that one deletion takes at most */

enum fw_history_statement {
    FW_SQL_POINT,
    FW_SQL_DECISION,
    FW_SQL_SESSION,
    FW_SQL_EVENT,
    FW_SQL_FIND_OPEN, /* the newest run of a job that has not ended */
    FW_SQL_FIND_LIFE, /* the run of a life of a job */
    FW_SQL_END_OLDER, /* runs of a job whose end nobody told */
    FW_SQL_ADD_RUN,
    FW_SQL_TELL_RUN, /* what it is now */
    FW_SQL_END_RUN,
    FW_SQL_COUNT,
};

/* Which run the rows of a job's life belong to. */
struct fw_history_life {
    char job[FW_NAME_MAX + 1];
    int64_t life_ms;
    int64_t run;
};

struct fw_history_db {
    sqlite3 *db;                            /* owned; NULL: closed */
    sqlite3_stmt *statements[FW_SQL_COUNT]; /* owned */
    struct fw_history_life *lives;          /* owned; that were looked up */
    size_t n_lives;
    size_t capacity;
};

/* Open, or make; one that is broken, or of another version, is set aside and a
 * new one made.  FW_IO explains. */
FW_MUST_USE fw_status fw_history_db_open(struct fw_history_db *d,
                                         const char *path, struct fw_err *err);
void fw_history_db_close(struct fw_history_db *d);

/* All rows or none, in one transaction.  FW_CORRUPT: the database is broken.
 * FW_IO: it is full, locked or gone. */
FW_MUST_USE fw_status fw_history_db_write(struct fw_history_db *d,
                                          const struct fw_history_row *const *r,
                                          size_t n, struct fw_err *err);

/* Delete what is older than `before_ms` and, above `max_bytes`, the oldest
 * points: at most a batch of each.  *more: call again soon. */
FW_MUST_USE fw_status fw_history_db_prune(struct fw_history_db *d,
                                          int64_t before_ms, uint64_t max_bytes,
                                          bool *more, struct fw_err *err);

/* For the files of this noun: a statement that takes no answer. */
FW_MUST_USE fw_status fw_history_db_run(struct fw_history_db *d,
                                        const char *sql, struct fw_err *err);

/* The failure that the connection tells of. */
FW_MUST_USE fw_status fw_history_db_fail(sqlite3 *db, struct fw_err *err);

#endif
