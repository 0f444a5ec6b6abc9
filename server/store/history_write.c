/* Rows into the tables of the history. */
#include <string.h>

#include "sdk/base/mem.h"
#include "server/store/history_db.h"

/* Values of a statement, one after the other. */
struct binder {
    sqlite3_stmt *statement;
    int at; /* of the last value */
};

static struct binder begin(struct fw_history_db *d, enum fw_history_statement i)
{
    sqlite3_reset(d->statements[i]);
    sqlite3_clear_bindings(d->statements[i]);
    return (struct binder){d->statements[i], 0};
}

static void put_integer(struct binder *b, int64_t x)
{
    (void)sqlite3_bind_int64(b->statement, ++b->at, x);
}

/* NAN becomes NULL. */
static void put_real(struct binder *b, double x)
{
    (void)sqlite3_bind_double(b->statement, ++b->at, x);
}

static void put_text(struct binder *b, const char *text)
{
    (void)sqlite3_bind_text(b->statement, ++b->at, text, -1, SQLITE_STATIC);
}

static void put_null(struct binder *b)
{
    b->at++;
}

/* Run it; a first integer that it yields goes to *out, which may be NULL. */
static fw_status end(struct fw_history_db *d, struct binder *b, int64_t *out,
                     struct fw_err *err)
{
    int code = sqlite3_step(b->statement);
    fw_status s = FW_OK;

    if (code == SQLITE_ROW && out)
        *out = sqlite3_column_int64(b->statement, 0);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        s = fw_history_db_fail(d->db, err);
    sqlite3_reset(b->statement);
    return s;
}

/* --- runs --- */

/* Runs of the job that nobody ended have ended; a new one begins. */
static fw_status add_run(struct fw_history_db *d,
                         const struct fw_history_row *r, int64_t *run,
                         struct fw_err *err)
{
    struct binder b = begin(d, FW_SQL_END_OLDER);
    fw_status s;

    put_text(&b, r->job);
    s = end(d, &b, NULL, err);
    if (s != FW_OK)
        return s;
    b = begin(d, FW_SQL_ADD_RUN);
    put_text(&b, r->job);
    put_integer(&b, r->life_ms);
    put_integer(&b, r->unix_ms);
    s = end(d, &b, NULL, err);
    *run = sqlite3_last_insert_rowid(d->db);
    return s;
}

/* In the database, or 0. */
static fw_status look_up(struct fw_history_db *d,
                         const struct fw_history_row *r, int64_t *run,
                         struct fw_err *err)
{
    struct binder b = begin(d, FW_SQL_FIND_LIFE);
    fw_status s;

    *run = 0;
    put_text(&b, r->job);
    put_integer(&b, r->life_ms);
    s = end(d, &b, run, err);
    if (s != FW_OK || *run || !r->resumed)
        return s;
    b = begin(d, FW_SQL_FIND_OPEN);
    put_text(&b, r->job);
    return end(d, &b, run, err);
}

static fw_status keep_life(struct fw_history_db *d,
                           const struct fw_history_row *r, int64_t run,
                           struct fw_err *err)
{
    struct fw_history_life *life;

    for (size_t i = 0; i < d->n_lives; i++) { /* an older one of the name */
        if (strcmp(d->lives[i].job, r->job) == 0)
            d->lives[i--] = d->lives[--d->n_lives];
    }
    if (fw_mem_grow(&d->lives, &d->capacity, d->n_lives + 1,
                    sizeof(*d->lives)) != 0)
        return fw_err_set(err, FW_NOMEM, "out of memory");
    life = &d->lives[d->n_lives++];
    memcpy(life->job, r->job, sizeof(life->job));
    life->life_ms = r->life_ms;
    life->run = run;
    return FW_OK;
}

/* The run that a row belongs to, made if need be. */
static fw_status run_of(struct fw_history_db *d, const struct fw_history_row *r,
                        int64_t *run, struct fw_err *err)
{
    fw_status s;

    for (size_t i = 0; i < d->n_lives; i++) {
        if (d->lives[i].life_ms == r->life_ms &&
            strcmp(d->lives[i].job, r->job) == 0) {
            *run = d->lives[i].run;
            return FW_OK;
        }
    }
    s = look_up(d, r, run, err);
    if (s == FW_OK && !*run)
        s = add_run(d, r, run, err);
    return s == FW_OK ? keep_life(d, r, *run, err) : s;
}

/* --- rows --- */

static fw_status add_point(struct fw_history_db *d, int64_t run,
                           const struct fw_history_row *r, struct fw_err *err)
{
    const struct fw_history_point *p = &r->of.point;
    struct binder b = begin(d, FW_SQL_POINT);
    fw_status s;

    put_integer(&b, run);
    put_integer(&b, r->unix_ms);
    put_integer(&b, (int64_t)p->version);
    put_real(&b, p->worker_seconds);
    for (int i = 0; i < FW_SERIES_COUNT; i++)
        put_real(&b, p->series[i]);
    s = end(d, &b, NULL, err);
    if (s != FW_OK)
        return s;
    b = begin(d, FW_SQL_TELL_RUN);
    put_integer(&b, run);
    put_integer(&b, r->unix_ms);
    put_integer(&b, (int64_t)p->version);
    put_integer(&b, (int64_t)p->updates);
    put_real(&b, p->series[FW_SERIES_loss]);
    put_real(&b, p->series[FW_SERIES_validation_loss]);
    put_real(&b, p->worker_seconds);
    put_text(&b, fw_law_name(p->law));
    return end(d, &b, NULL, err);
}

static fw_status add_decision(struct fw_history_db *d, int64_t run,
                              const struct fw_history_row *r,
                              struct fw_err *err)
{
    const struct fw_decision_message *m = &r->of.decision.decision;
    struct binder b = begin(d, FW_SQL_DECISION);

    put_integer(&b, run);
    put_integer(&b, (int64_t)r->of.decision.incarnation);
    put_integer(&b, (int64_t)m->index);
    put_integer(&b, m->unix_ms);
    put_integer(&b, (int64_t)m->version);
    put_integer(&b, m->workers);
    put_real(&b, m->staleness_mean);
    put_text(&b, fw_law_name(m->law));
    put_real(&b, m->momentum_before);
    put_real(&b, m->momentum_after);
    put_real(&b, m->learning_rate_before);
    put_real(&b, m->learning_rate_after);
    put_real(&b, m->step_bound);
    put_text(&b, m->binding);
    put_text(&b, m->cause);
    put_text(&b, m->who);
    put_text(&b, m->why);
    put_text(&b, m->sentence);
    return end(d, &b, NULL, err);
}

static fw_status add_session(struct fw_history_db *d, int64_t run,
                             const struct fw_history_row *r, struct fw_err *err)
{
    static const char *const why[] = {"", "connected", "lost", "left"};
    const struct fw_history_session *w = &r->of.session;
    struct binder b = begin(d, FW_SQL_SESSION);

    put_integer(&b, run);
    put_integer(&b, (int64_t)w->epoch);
    put_text(&b, w->worker);
    put_integer(&b, r->unix_ms);
    if (w->state == FW_WORKER_CONNECTED)
        put_null(&b);
    else
        put_integer(&b, r->unix_ms);
    put_text(&b, why[w->state & 3]); /* of four */
    put_integer(&b, (int64_t)w->gradients);
    put_integer(&b, (int64_t)w->refused);
    put_integer(&b, (int64_t)w->samples);
    put_real(&b, w->staleness_mean);
    return end(d, &b, NULL, err);
}

static fw_status add_event(struct fw_history_db *d, int64_t run,
                           const struct fw_history_row *r, struct fw_err *err)
{
    struct binder b = begin(d, FW_SQL_EVENT);

    put_integer(&b, run);
    put_integer(&b, r->unix_ms);
    put_text(&b, r->of.event.event);
    put_text(&b, r->of.event.text);
    return end(d, &b, NULL, err);
}

static fw_status end_run(struct fw_history_db *d, int64_t run,
                         const struct fw_history_row *r, struct fw_err *err)
{
    struct binder b = begin(d, FW_SQL_END_RUN);

    put_integer(&b, run);
    put_integer(&b, r->unix_ms);
    return end(d, &b, NULL, err);
}

static fw_status add(struct fw_history_db *d, const struct fw_history_row *r,
                     struct fw_err *err)
{
    int64_t run = 0;
    fw_status s = run_of(d, r, &run, err);

    if (s != FW_OK)
        return s;
    switch (r->kind) {
    case FW_ROW_POINT:
        return add_point(d, run, r, err);
    case FW_ROW_DECISION:
        return add_decision(d, run, r, err);
    case FW_ROW_SESSION:
        return add_session(d, run, r, err);
    case FW_ROW_EVENT:
        return add_event(d, run, r, err);
    case FW_ROW_END:
        return end_run(d, run, r, err);
    }
    return FW_OK;
}

fw_status fw_history_db_write(struct fw_history_db *d,
                              const struct fw_history_row *const *rows,
                              size_t n, struct fw_err *err)
{
    fw_status s = fw_history_db_run(d, "BEGIN IMMEDIATE", err);

    for (size_t i = 0; i < n && s == FW_OK; i++)
        s = add(d, rows[i], err);
    if (s == FW_OK)
        s = fw_history_db_run(d, "COMMIT", err);
    if (s != FW_OK) {
        if (!sqlite3_get_autocommit(d->db))
            sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
        d->n_lives = 0; /* a run that was just made is not there any more */
    }
    return s;
}
