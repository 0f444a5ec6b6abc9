/* What is too old or too much leaves the history, a batch at a time. */
#include <stdlib.h>

#include "server/store/history_db.h"

#define VACUUM_PAGES 512 /* given back to the disk at a time */

/* One statement with up to three integers; *out: the first integer that it
 * yields, or -1. */
static fw_status ask(struct fw_history_db *d, const char *sql,
                     const int64_t *in, int n, int64_t *out, struct fw_err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(d->db, sql, -1, &statement, NULL);
    fw_status s = FW_OK;

    *out = -1;
    for (int i = 0; i < n; i++)
        (void)sqlite3_bind_int64(statement, i + 1, in[i]);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    else if (code != SQLITE_DONE)
        s = fw_history_db_fail(d->db, err);
    sqlite3_finalize(statement);
    return s;
}

/* A batch of points older than `before_ms`, of the run that has the oldest. */
static fw_status prune_points(struct fw_history_db *d, int64_t before_ms,
                              int64_t *gone, struct fw_err *err)
{
    int64_t in[3] = {0, before_ms, FW_HISTORY_BATCH};
    int64_t none;
    fw_status s =
        ask(d,
            "SELECT id FROM (SELECT id, (SELECT min(time) FROM points"
            " WHERE run=id) AS oldest FROM runs) WHERE oldest IS NOT NULL"
            " ORDER BY oldest LIMIT 1",
            NULL, 0, &in[0], err);

    *gone = 0;
    if (s != FW_OK || in[0] < 0)
        return s;
    s = ask(d,
            "DELETE FROM points WHERE run=?1 AND time IN (SELECT time FROM"
            " points WHERE run=?1 AND time<?2 ORDER BY time LIMIT ?3)",
            in, 3, &none, err);
    if (s == FW_OK)
        *gone = sqlite3_changes(d->db);
    return s;
}

/* A batch of each of the other tables. */
static fw_status prune_rest(struct fw_history_db *d, int64_t before_ms,
                            int64_t *gone, struct fw_err *err)
{
    static const char *const sql[] = {
        "DELETE FROM decisions WHERE rowid IN (SELECT rowid FROM decisions"
        " WHERE time<?1 ORDER BY time LIMIT ?2)",
        "DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions"
        " WHERE time<?1 ORDER BY time LIMIT ?2)",
        "DELETE FROM events WHERE rowid IN (SELECT rowid FROM events"
        " WHERE time<?1 ORDER BY time LIMIT ?2)",
        "DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE last<?1"
        " AND NOT EXISTS (SELECT 1 FROM points WHERE run=id) LIMIT ?2)",
    };
    const int64_t in[2] = {before_ms, FW_HISTORY_BATCH};
    fw_status s = FW_OK;
    int64_t none;

    *gone = 0;
    for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]) && s == FW_OK; i++) {
        s = ask(d, sql[i], in, 2, &none, err);
        if (s == FW_OK && sqlite3_changes(d->db) > *gone)
            *gone = sqlite3_changes(d->db);
    }
    return s;
}

/* Bytes in use, without what is free inside. */
static fw_status size(struct fw_history_db *d, uint64_t *out,
                      struct fw_err *err)
{
    int64_t pages;
    int64_t empty = 0;
    int64_t page = 0;
    fw_status s = ask(d, "PRAGMA page_count", NULL, 0, &pages, err);

    if (s == FW_OK)
        s = ask(d, "PRAGMA freelist_count", NULL, 0, &empty, err);
    if (s == FW_OK)
        s = ask(d, "PRAGMA page_size", NULL, 0, &page, err);
    *out = s == FW_OK ? (uint64_t)((pages - empty) * page) : 0;
    return s;
}

/* Runs whose last rows went are forgotten, and so is which life they had. */
fw_status fw_history_db_prune(struct fw_history_db *d, int64_t before_ms,
                              uint64_t max_bytes, bool *more,
                              struct fw_err *err)
{
    int64_t points = 0;
    int64_t rest = 0;
    int64_t above = 0;
    uint64_t used = 0;
    char vacuum[64];
    fw_status s = prune_points(d, before_ms, &points, err);

    *more = false;
    if (s == FW_OK)
        s = prune_rest(d, before_ms, &rest, err);
    if (s == FW_OK)
        s = size(d, &used, err);
    if (s == FW_OK && used > max_bytes) {
        s = prune_points(d, INT64_MAX, &above, err);
        if (s == FW_OK && above == 0)
            s = prune_rest(d, INT64_MAX, &above, err);
    }
    if (s != FW_OK)
        return s;
    *more = points + above >= FW_HISTORY_BATCH || rest >= FW_HISTORY_BATCH ||
            above > 0;
    if (points + rest + above == 0)
        return FW_OK;
    d->n_lives = 0;
    sqlite3_snprintf(sizeof(vacuum), vacuum, "PRAGMA incremental_vacuum(%d)",
                     VACUUM_PAGES);
    return fw_history_db_run(d, vacuum, err);
}
