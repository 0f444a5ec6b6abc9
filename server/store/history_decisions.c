/* Decisions out of the history: what a job that is restored goes on from. */
#include <stdio.h>

#include "sdk/base/law.h"
#include "sdk/base/mem.h"
#include "sdk/wire/reason.h"
#include "server/store/history_own.h"

static void take_text(sqlite3_stmt *q, int column, char *to, size_t size)
{
    const unsigned char *text = sqlite3_column_text(q, column);

    snprintf(to, size, "%s", text ? (const char *)text : "");
}

static void take_decision(sqlite3_stmt *q, struct fw_decision_message *d)
{
    const unsigned char *law = sqlite3_column_text(q, 5);
    struct fw_err none;

    *d = (struct fw_decision_message){
        .index = (uint64_t)sqlite3_column_int64(q, 0),
        .unix_ms = sqlite3_column_int64(q, 1),
        .version = (uint64_t)sqlite3_column_int64(q, 2),
        .workers = (uint32_t)sqlite3_column_int64(q, 3),
        .staleness_mean = sqlite3_column_double(q, 4),
        .momentum_before = sqlite3_column_double(q, 6),
        .momentum_after = sqlite3_column_double(q, 7),
        .learning_rate_before = sqlite3_column_double(q, 8),
        .learning_rate_after = sqlite3_column_double(q, 9),
        .step_bound = sqlite3_column_double(q, 10),
    };
    if (fw_law_parse(law ? (const char *)law : "", &d->law, &none) != FW_OK)
        d->law = FW_LAW_DEFAULT;
    take_text(q, 11, d->binding, sizeof(d->binding));
    take_text(q, 12, d->cause, sizeof(d->cause));
    take_text(q, 13, d->who, sizeof(d->who));
    take_text(q, 14, d->why, sizeof(d->why));
    take_text(q, 15, d->sentence, sizeof(d->sentence));
}

/* The newest come first out of the database. */
static void turn(struct fw_decision_list *l)
{
    for (uint32_t i = 0; i < l->n / 2; i++) {
        struct fw_decision_message d = l->items[i];

        l->items[i] = l->items[l->n - 1 - i];
        l->items[l->n - 1 - i] = d;
    }
}

static fw_status read_decisions(sqlite3 *db, const char *job, uint32_t limit,
                                struct fw_decision_list *out,
                                struct fw_err *err)
{
    static const char sql[] =
        "SELECT number, time, version, workers, staleness_mean, law,"
        " momentum_before, momentum_after, learning_rate_before,"
        " learning_rate_after, step_bound, binding, cause, who, why, sentence"
        " FROM decisions WHERE run=(SELECT id FROM runs WHERE job=?1"
        " AND ended IS NULL ORDER BY id DESC LIMIT 1)"
        " ORDER BY incarnation DESC, number DESC LIMIT ?2";
    sqlite3_stmt *q = NULL;
    fw_status s = FW_OK;
    int code;

    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
        return fw_history_unreadable(db, err);
    (void)sqlite3_bind_text(q, 1, job, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(q, 2, limit);
    while ((code = sqlite3_step(q)) == SQLITE_ROW && out->n < limit)
        take_decision(q, &out->items[out->n++]);
    if (code != SQLITE_DONE)
        s = fw_history_unreadable(db, err);
    sqlite3_finalize(q);
    turn(out);
    return s;
}

fw_status fw_history_decisions(const struct fw_history *h, const char *job,
                               uint32_t limit, struct fw_decision_list *out,
                               struct fw_err *err)
{
    sqlite3 *db;
    fw_status s = fw_history_reader(h, &db, err);

    *out = (struct fw_decision_list){0};
    if (s == FW_OK) {
        out->items = fw_mem_array(limit, sizeof(*out->items));
        s = out->items ? read_decisions(db, job, limit, out, err)
                       : FW_REFUSE(err, OUT_OF_MEMORY,
                                   "no memory for a list of decisions");
    }
    if (s != FW_OK)
        fw_decision_list_close(out);
    sqlite3_close(db);
    return s;
}
