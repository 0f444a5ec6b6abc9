/* Reading the history: a connection of the reader's own, that cannot write. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sdk/base/law.h"
#include "sdk/base/mem.h"
#include "sdk/wire/reason.h"
#include "server/store/history_own.h"

#define BUSY_MS 500 /* that a reader waits for a recovery of the log */

/* Rows that become one point: by their time, so that the same rows become the
 * same points again when later ones come. */
struct fold {
    struct fw_history_series *out;
    uint32_t capacity; /* points that there is room for */
    int64_t width_ms;  /* of a point */
    int64_t slot;      /* of the last point */
};

fw_status fw_history_reader(const struct fw_history *h, sqlite3 **db,
                            struct fw_err *err)
{
    *db = NULL;
    if (!h)
        return FW_REFUSE(err, HISTORY_UNAVAILABLE,
                         "this server keeps no history: history.enabled is "
                         "false");
    if (sqlite3_open_v2(h->path, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                        NULL) == SQLITE_OK) {
        sqlite3_busy_timeout(*db, BUSY_MS);
        return FW_OK;
    }
    return FW_REFUSE(err, HISTORY_UNAVAILABLE, "cannot read the history: %s",
                     *db ? sqlite3_errmsg(*db) : "out of memory");
}

fw_status fw_history_unreadable(sqlite3 *db, struct fw_err *err)
{
    return FW_REFUSE(err, HISTORY_UNAVAILABLE, "cannot read the history: %s",
                     sqlite3_errmsg(db));
}

static double real(sqlite3_stmt *q, int column)
{
    return sqlite3_column_type(q, column) == SQLITE_NULL
               ? NAN
               : sqlite3_column_double(q, column);
}

static void take_name(sqlite3_stmt *q, int column, char to[FW_NAME_MAX + 1])
{
    const unsigned char *name = sqlite3_column_text(q, column);

    snprintf(to, FW_NAME_MAX + 1, "%s", name ? (const char *)name : "");
}

/* --- one run --- */

/* The run that is asked for: its number and its job. */
static fw_status find_run(sqlite3 *db, const struct fw_history_request *r,
                          struct fw_history_series *out, struct fw_err *err)
{
    sqlite3_stmt *q = NULL;
    fw_status s = FW_OK;
    int code;

    if (sqlite3_prepare_v2(db,
                           r->run ? "SELECT id, job FROM runs WHERE id=?1"
                                  : "SELECT id, job FROM runs WHERE job=?2"
                                    " ORDER BY id DESC LIMIT 1",
                           -1, &q, NULL) != SQLITE_OK)
        return fw_history_unreadable(db, err);
    if (r->run)
        (void)sqlite3_bind_int64(q, 1, (int64_t)r->run);
    else
        (void)sqlite3_bind_text(q, 2, r->job, -1, SQLITE_STATIC);
    code = sqlite3_step(q);
    if (code == SQLITE_ROW) {
        out->run = (uint64_t)sqlite3_column_int64(q, 0);
        take_name(q, 1, out->job);
    } else if (code != SQLITE_DONE) {
        s = fw_history_unreadable(db, err);
    } else if (r->run) {
        s = FW_REFUSE(err, RUN_NOT_FOUND, "there is no run %llu",
                      (unsigned long long)r->run);
    } else {
        s = FW_REFUSE(err, RUN_NOT_FOUND, "the history knows no job '%s'",
                      r->job);
    }
    sqlite3_finalize(q);
    return s;
}

/* First and last time of a run within what is asked for; false: no rows. */
static fw_status find_ends(sqlite3 *db, uint64_t run, int64_t ends[2],
                           bool *any, struct fw_err *err)
{
    static const char *const sql[] = {
        "SELECT min(time) FROM points WHERE run=?1 AND time>=?2 AND time<=?3",
        "SELECT max(time) FROM points WHERE run=?1 AND time>=?2 AND time<=?3"};
    const int64_t range[2] = {ends[0], ends[1]};

    *any = true;
    for (int i = 0; i < 2; i++) {
        sqlite3_stmt *q = NULL;
        bool is_row;

        if (sqlite3_prepare_v2(db, sql[i], -1, &q, NULL) != SQLITE_OK)
            return fw_history_unreadable(db, err);
        (void)sqlite3_bind_int64(q, 1, (int64_t)run);
        (void)sqlite3_bind_int64(q, 2, range[0]);
        (void)sqlite3_bind_int64(q, 3, range[1]);
        is_row = sqlite3_step(q) == SQLITE_ROW;
        *any = *any && is_row && sqlite3_column_type(q, 0) != SQLITE_NULL;
        ends[i] = is_row ? sqlite3_column_int64(q, 0) : 0;
        sqlite3_finalize(q);
        if (!is_row)
            return fw_history_unreadable(db, err);
    }
    return FW_OK;
}

/* Columns lie `capacity` apart until all rows are in. */
static double *cell(const struct fold *f, unsigned column, uint32_t point)
{
    return &f->out->values[(size_t)column * f->capacity + point];
}

static void fold_row(struct fold *f, sqlite3_stmt *q)
{
    int64_t time_ms = sqlite3_column_int64(q, 0);
    int64_t slot = time_ms / f->width_ms;
    uint32_t at;

    if ((f->out->n == 0 || slot != f->slot) && f->out->n < f->capacity) {
        f->out->n++;
        f->slot = slot;
    }
    at = f->out->n - 1;
    *cell(f, FW_HISTORY_TIME, at) = (double)time_ms / 1000.0;
    *cell(f, FW_HISTORY_VERSION, at) = (double)sqlite3_column_int64(q, 1);
    *cell(f, FW_HISTORY_WORKER_SECONDS, at) = real(q, 2);
    for (unsigned i = 0; i < FW_SERIES_COUNT; i++) {
        double *low = cell(f, FW_HISTORY_PLAIN + 2 * i, at);
        double *high = cell(f, FW_HISTORY_PLAIN + 2 * i + 1, at);
        double x = real(q, FW_HISTORY_PLAIN + (int)i);

        if (isnan(x))
            continue;
        if (!(*low <= x)) /* or it is NAN still */
            *low = x;
        if (!(*high >= x))
            *high = x;
    }
    f->out->rows++;
}

static void close_ranks(struct fold *f)
{
    for (unsigned i = 1; i < FW_HISTORY_COLUMNS; i++)
        memmove(f->out->values + (size_t)i * f->out->n, cell(f, i, 0),
                f->out->n * sizeof(double));
}

static fw_status read_points(sqlite3 *db, const int64_t ends[2], struct fold *f,
                             struct fw_err *err)
{
    static const char sql[] = "SELECT time, version, worker_seconds"
#define COLUMN(name) ", " #name
        FW_SERIES_MAP(COLUMN)
#undef COLUMN
            " FROM points WHERE run=?1 AND time>=?2 AND time<=?3 ORDER BY time";
    sqlite3_stmt *q = NULL;
    fw_status s = FW_OK;
    int code;

    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
        return fw_history_unreadable(db, err);
    (void)sqlite3_bind_int64(q, 1, (int64_t)f->out->run);
    (void)sqlite3_bind_int64(q, 2, ends[0]);
    (void)sqlite3_bind_int64(q, 3, ends[1]);
    while ((code = sqlite3_step(q)) == SQLITE_ROW)
        fold_row(f, q);
    if (code != SQLITE_DONE)
        s = fw_history_unreadable(db, err);
    sqlite3_finalize(q);
    close_ranks(f);
    return s;
}

static fw_status read_run(sqlite3 *db, const struct fw_history_request *r,
                          struct fw_history_series *out, struct fw_err *err)
{
    int64_t ends[2] = {r->from_ms, r->to_ms ? r->to_ms : INT64_MAX};
    struct fold f = {.out = out, .capacity = r->points};
    bool any = false;
    fw_status s = find_run(db, r, out, err);

    if (f.capacity < 2 || f.capacity > FW_HISTORY_POINTS_MAX)
        f.capacity = f.capacity == 1 ? 2 : FW_HISTORY_POINTS_MAX;
    if (s == FW_OK)
        s = find_ends(db, out->run, ends, &any, err);
    if (s != FW_OK || !any)
        return s;
    if (fw_history_series_init(out, f.capacity) != FW_OK)
        return FW_REFUSE(err, OUT_OF_MEMORY, "no memory for a history");
    out->n = 0;
    f.width_ms = (ends[1] - ends[0]) / (f.capacity - 1) + 1;
    s = read_points(db, ends, &f, err);
    if (out->rows > out->n)
        out->resolution_s = (double)f.width_ms / 1000.0;
    return s;
}

fw_status fw_history_read(const struct fw_history *h,
                          const struct fw_history_request *r,
                          struct fw_history_series *out, struct fw_err *err)
{
    sqlite3 *db;
    fw_status s = fw_history_reader(h, &db, err);

    *out = (struct fw_history_series){.n = 0};
    if (s == FW_OK)
        s = read_run(db, r, out, err);
    if (s != FW_OK)
        fw_history_series_close(out);
    sqlite3_close(db);
    return s;
}

/* --- all runs --- */

static void take_run(sqlite3_stmt *q, struct fw_history_run *r)
{
    const unsigned char *law = sqlite3_column_text(q, 10);
    struct fw_err none;

    *r = (struct fw_history_run){
        .id = (uint64_t)sqlite3_column_int64(q, 0),
        .started_ms = sqlite3_column_int64(q, 2),
        .last_ms = sqlite3_column_int64(q, 3),
        .ended_ms = sqlite3_column_int64(q, 4),
        .version = (uint64_t)sqlite3_column_int64(q, 5),
        .updates = (uint64_t)sqlite3_column_int64(q, 6),
        .loss = real(q, 7),
        .validation_loss = real(q, 8),
        .worker_seconds = real(q, 9),
    };
    take_name(q, 1, r->job);
    if (fw_law_parse(law ? (const char *)law : "", &r->law, &none) != FW_OK)
        r->law = FW_LAW_DEFAULT;
}

static fw_status list_runs(sqlite3 *db, const struct fw_runs_request *r,
                           uint32_t limit, struct fw_run_list *out,
                           struct fw_err *err)
{
    sqlite3_stmt *q = NULL;
    fw_status s = FW_OK;
    int code;

    if (sqlite3_prepare_v2(
            db,
            "SELECT id, job, started, last, ended, version, updates, loss,"
            " validation_loss, worker_seconds, law FROM runs"
            " WHERE ?1='' OR job=?1 ORDER BY id DESC LIMIT ?2",
            -1, &q, NULL) != SQLITE_OK)
        return fw_history_unreadable(db, err);
    (void)sqlite3_bind_text(q, 1, r->job, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(q, 2, limit);
    while ((code = sqlite3_step(q)) == SQLITE_ROW && out->n < limit)
        take_run(q, &out->items[out->n++]);
    if (code != SQLITE_DONE)
        s = fw_history_unreadable(db, err);
    sqlite3_finalize(q);
    return s;
}

fw_status fw_history_runs(const struct fw_history *h,
                          const struct fw_runs_request *r,
                          struct fw_run_list *out, struct fw_err *err)
{
    uint32_t limit = r->limit;
    sqlite3 *db;
    fw_status s = fw_history_reader(h, &db, err);

    *out = (struct fw_run_list){0};
    if (limit == 0 || limit > FW_HISTORY_RUNS_MAX)
        limit = FW_HISTORY_RUNS_MAX;
    if (s == FW_OK) {
        out->items = fw_mem_array(limit, sizeof(*out->items));
        if (!out->items)
            s = FW_REFUSE(err, OUT_OF_MEMORY, "no memory for a list of runs");
    }
    if (s == FW_OK && out->items)
        s = list_runs(db, r, limit, out, err);
    if (s != FW_OK)
        fw_run_list_close(out);
    sqlite3_close(db);
    return s;
}
