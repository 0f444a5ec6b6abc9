/* The tables of the history; opening it, and setting a broken one aside. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/base/clock.h"
#include "sdk/base/log.h"
#include "server/store/history_db.h"

#define SCHEMA_VERSION 1
#define BUSY_MS        1000 /* that a write waits for others */
#define SUFFIX_MAX     48   /* of a file set aside */
#define CACHE_PAGES    "64" /* of 4 KiB; SQLite's 2 MiB fill for hours */

static const char schema[] =
    "PRAGMA auto_vacuum=INCREMENTAL;"
    "PRAGMA journal_mode=WAL;"
    "BEGIN;"
    "CREATE TABLE runs("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL,"
    " life INTEGER NOT NULL, started INTEGER NOT NULL, last INTEGER NOT NULL,"
    " ended INTEGER, version INTEGER NOT NULL DEFAULT 0,"
    " updates INTEGER NOT NULL DEFAULT 0, loss REAL, validation_loss REAL,"
    " worker_seconds REAL, law TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX runs_by_job ON runs(job, id);"
    "CREATE TABLE points("
    " run INTEGER NOT NULL, time INTEGER NOT NULL, version INTEGER NOT NULL,"
    " worker_seconds REAL"
#define COLUMN(name) ", " #name " REAL"
    FW_SERIES_MAP(COLUMN)
#undef COLUMN
        ", PRIMARY KEY(run, time)) WITHOUT ROWID;"
        "CREATE TABLE decisions("
        " run INTEGER NOT NULL, incarnation INTEGER NOT NULL,"
        " number INTEGER NOT NULL, time INTEGER NOT NULL, version INTEGER,"
        " workers INTEGER, staleness_mean REAL, law TEXT, momentum_before REAL,"
        " momentum_after REAL, learning_rate_before REAL,"
        " learning_rate_after REAL, step_bound REAL, binding TEXT, cause TEXT,"
        " who TEXT, why TEXT, sentence TEXT,"
        " PRIMARY KEY(run, incarnation, number));"
        "CREATE INDEX decisions_by_time ON decisions(time);"
        "CREATE TABLE sessions("
        " run INTEGER NOT NULL, epoch INTEGER NOT NULL, worker TEXT NOT NULL,"
        " joined INTEGER NOT NULL, left INTEGER, why TEXT NOT NULL,"
        " time INTEGER NOT NULL, gradients INTEGER, refused INTEGER,"
        " samples INTEGER, staleness_mean REAL, PRIMARY KEY(run, epoch));"
        "CREATE INDEX sessions_by_time ON sessions(time);"
        "CREATE TABLE events("
        " id INTEGER PRIMARY KEY, run INTEGER NOT NULL, time INTEGER NOT NULL,"
        " event TEXT NOT NULL, text TEXT NOT NULL);"
        "CREATE INDEX events_by_time ON events(time);"
        "CREATE INDEX events_by_run ON events(run, id);"
        "PRAGMA user_version=1;"
        "COMMIT;";

/* In the order of enum fw_history_statement. */
static const char *const sql[FW_SQL_COUNT] = {
    "INSERT OR REPLACE INTO points VALUES(?1,?2,?3,?4"
#define VALUE(name) ",?"
    FW_SERIES_MAP(VALUE)
#undef VALUE
        ")",
    "INSERT OR IGNORE INTO decisions"
    " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)",
    "INSERT INTO sessions VALUES(?1,?2,?3,?4,?5,?6,?4,?7,?8,?9,?10)"
    " ON CONFLICT(run, epoch) DO UPDATE SET left=excluded.left,"
    " why=excluded.why, time=excluded.time, gradients=excluded.gradients,"
    " refused=excluded.refused, samples=excluded.samples,"
    " staleness_mean=excluded.staleness_mean",
    "INSERT INTO events(run, time, event, text) VALUES(?1,?2,?3,?4)",
    "SELECT id FROM runs WHERE job=?1 AND ended IS NULL"
    " ORDER BY id DESC LIMIT 1",
    "SELECT id FROM runs WHERE job=?1 AND life=?2 ORDER BY id DESC LIMIT 1",
    "UPDATE runs SET ended=last WHERE job=?1 AND ended IS NULL",
    "INSERT INTO runs(job, life, started, last) VALUES(?1,?2,?3,?3)",
    "UPDATE runs SET last=?2, version=?3, updates=?4, loss=?5,"
    " validation_loss=?6, worker_seconds=?7, law=?8 WHERE id=?1",
    "UPDATE runs SET last=?2, ended=?2 WHERE id=?1",
};

fw_status fw_history_db_fail(sqlite3 *db, struct fw_err *err)
{
    int code = db ? sqlite3_errcode(db) : SQLITE_NOMEM;
    bool is_broken = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;

    return fw_err_set(err, is_broken ? FW_CORRUPT : FW_IO, "%s",
                      db ? sqlite3_errmsg(db) : "out of memory");
}

fw_status fw_history_db_run(struct fw_history_db *d, const char *text,
                            struct fw_err *err)
{
    return sqlite3_exec(d->db, text, NULL, NULL, NULL) == SQLITE_OK
               ? FW_OK
               : fw_history_db_fail(d->db, err);
}

static int read_one(void *out, int n, char **values, char **names)
{
    (void)names;
    snprintf(out, FW_SENTENCE_MAX, "%s", n && values[0] ? values[0] : "");
    return 0;
}

/* The first value that a question yields. */
static fw_status ask(struct fw_history_db *d, const char *text,
                     char answer[FW_SENTENCE_MAX], struct fw_err *err)
{
    answer[0] = '\0';
    return sqlite3_exec(d->db, text, read_one, answer, NULL) == SQLITE_OK
               ? FW_OK
               : fw_history_db_fail(d->db, err);
}

/* Is it ours, and whole?  A new one gets its tables. */
static fw_status look(struct fw_history_db *d, struct fw_err *err)
{
    char answer[FW_SENTENCE_MAX];
    fw_status s = ask(d, "PRAGMA user_version", answer, err);

    if (s != FW_OK)
        return s;
    if (strtol(answer, NULL, 10) == 0) {
        s = ask(d, "SELECT count(*) FROM sqlite_master", answer, err);
        if (s == FW_OK && strtol(answer, NULL, 10) == 0)
            return fw_history_db_run(d, schema, err);
        return s == FW_OK ? fw_err_set(err, FW_CORRUPT, "not a history") : s;
    }
    if (strtol(answer, NULL, 10) != SCHEMA_VERSION)
        return fw_err_set(err, FW_CORRUPT, "schema version %s, not %d", answer,
                          SCHEMA_VERSION);
    s = ask(d, "PRAGMA quick_check(1)", answer, err);
    if (s == FW_OK && strcmp(answer, "ok") != 0)
        s = fw_err_set(err, FW_CORRUPT, "%s",
                       strchr(answer, '\n') ? strchr(answer, '\n') + 1
                                            : answer);
    return s;
}

static fw_status try_open(struct fw_history_db *d, const char *path,
                          struct fw_err *err)
{
    fw_status s = FW_OK;

    if (sqlite3_open_v2(path, &d->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                            SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        s = fw_history_db_fail(d->db, err);
    if (s == FW_OK) {
        sqlite3_busy_timeout(d->db, BUSY_MS);
        s = fw_history_db_run(d, "PRAGMA synchronous=NORMAL", err);
    }
    if (s == FW_OK)
        s = fw_history_db_run(d, "PRAGMA cache_size=" CACHE_PAGES, err);
    if (s == FW_OK)
        s = look(d, err);
    for (int i = 0; i < FW_SQL_COUNT && s == FW_OK; i++) {
        if (sqlite3_prepare_v3(d->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &d->statements[i], NULL) != SQLITE_OK)
            s = fw_history_db_fail(d->db, err);
    }
    if (s != FW_OK)
        fw_history_db_close(d);
    return s;
}

/* The database and what SQLite keeps beside it get other names. */
static fw_status set_aside(const char *path, const char *why,
                           struct fw_err *err)
{
    static const char *const beside[] = {"", "-wal", "-shm"};
    long long now = (long long)fw_clock_unix_ms();
    char from[FW_PATH_MAX + SUFFIX_MAX];
    char to[FW_PATH_MAX + SUFFIX_MAX];

    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
        snprintf(from, sizeof(from), "%s%s", path, beside[i]);
        snprintf(to, sizeof(to), "%s.broken-%lld%s", path, now, beside[i]);
        if (rename(from, to) != 0 && i == 0)
            return fw_err_set(err, FW_IO, "cannot set %s aside: %m", path);
    }
    fw_log(FW_LOG_ERROR, "history_set_aside",
           "file=%s.broken-%lld error=\"%s\"", path, now, why);
    return FW_OK;
}

fw_status fw_history_db_open(struct fw_history_db *d, const char *path,
                             struct fw_err *err)
{
    struct fw_err why = {0};
    fw_status s = try_open(d, path, &why);

    if (s == FW_CORRUPT) {
        s = set_aside(path, why.text, &why);
        if (s == FW_OK)
            s = try_open(d, path, &why);
    }
    return s == FW_OK ? s : fw_err_set(err, s, "history: %s", why.text);
}

void fw_history_db_close(struct fw_history_db *d)
{
    for (int i = 0; i < FW_SQL_COUNT; i++)
        sqlite3_finalize(d->statements[i]);
    sqlite3_close(d->db);
    free(d->lives);
    *d = (struct fw_history_db){.db = NULL};
}
