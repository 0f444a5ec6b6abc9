/* The history's queue and its thread. */
#include "server/store/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/log.h"
#include "sdk/base/mem.h"
#include "server/store/history_own.h"

#define DAY_MS          86400000
#define PRUNE_MS        60000 /* unless told otherwise */
#define PRUNES_MAX      20    /* batches in a row; then rows come first */
#define BYTES_OF_A_MB   1048576u
#define WRITTEN_AT_ONCE 1024u /* rows of a transaction */

/* --- the thread --- */

/* All that waits; NULL: nothing, and nothing will come. */
static struct fw_history_parcel *take(struct fw_history *h)
{
    struct fw_history_parcel *all;

    pthread_mutex_lock(&h->lock);
    h->is_writing = false;
    if (!h->first)
        pthread_cond_broadcast(&h->idle);
    while (!h->first && !h->shut)
        pthread_cond_wait(&h->wake, &h->lock);
    all = h->first;
    h->first = NULL;
    h->tail = &h->first;
    h->state.waiting = 0;
    h->is_writing = all != NULL;
    pthread_mutex_unlock(&h->lock);
    return all;
}

/* Note how writing `n` rows went; the log hears of a change. */
static void note(struct fw_history *h, size_t n, fw_status s,
                 const struct fw_err *err)
{
    bool was_degraded;

    pthread_mutex_lock(&h->lock);
    was_degraded = h->state.degraded;
    h->state.degraded = s != FW_OK;
    if (s == FW_OK) {
        h->state.written += n;
        h->state.error[0] = '\0';
    } else {
        h->state.dropped += n;
        snprintf(h->state.error, sizeof(h->state.error), "%s", err->text);
    }
    pthread_mutex_unlock(&h->lock);
    if (s != FW_OK && !was_degraded)
        fw_log(FW_LOG_ERROR, "history_degraded", "file=%s error=\"%s\"",
               h->path, err->text);
    if (s == FW_OK && was_degraded)
        fw_log(FW_LOG_INFO, "history_recovered", "file=%s", h->path);
}

/* Rows of one transaction; a database that turns out to be broken is set aside
 * and they go into a new one. */
static void write(struct fw_history *h, const struct fw_history_row *const *r,
                  size_t n)
{
    struct fw_err err = {0};
    fw_status s = FW_OK;

    for (int tries = 0; tries < 2; tries++) {
        s = FW_OK;
        if (!h->db.db)
            s = fw_history_db_open(&h->db, h->path, &err);
        if (s == FW_OK)
            s = fw_history_db_write(&h->db, r, n, &err);
        if (s != FW_CORRUPT)
            break;
        fw_history_db_close(&h->db);
    }
    note(h, n, s, &err);
}

static void prune(struct fw_history *h)
{
    struct fw_err err = {0};
    bool more = h->db.db != NULL;
    fw_status s = FW_OK;

    if (h->newest_ms < h->next_prune_ms)
        return;
    h->next_prune_ms = h->newest_ms + h->prune_ms;
    for (int i = 0; i < PRUNES_MAX && more && s == FW_OK; i++)
        s = fw_history_db_prune(&h->db, h->newest_ms - h->keep_ms, h->max_bytes,
                                &more, &err);
    if (s != FW_OK)
        fw_log(FW_LOG_WARN, "history_not_pruned", "file=%s error=\"%s\"",
               h->path, err.text);
    else if (more)
        h->next_prune_ms = h->newest_ms;
}

static void write_all(struct fw_history *h, struct fw_history_parcel *all)
{
    const struct fw_history_row *rows[WRITTEN_AT_ONCE];

    while (all) {
        struct fw_history_parcel *first = all;
        size_t n = 0;

        while (all && n < WRITTEN_AT_ONCE) {
            rows[n++] = &all->row;
            if (all->row.unix_ms > h->newest_ms)
                h->newest_ms = all->row.unix_ms;
            all = all->next;
        }
        write(h, rows, n);
        while (first != all) {
            struct fw_history_parcel *next = first->next;

            free(first);
            first = next;
        }
    }
    prune(h);
}

/* The database is opened at once, so that readers find it. */
static void *work(void *arg)
{
    struct fw_history *h = arg;
    struct fw_history_parcel *all;

    write(h, NULL, 0);
    while ((all = take(h)))
        write_all(h, all);
    fw_history_db_close(&h->db);
    return NULL;
}

/* --- for all --- */

fw_status fw_history_open(const struct fw_history_options *o,
                          struct fw_history **out, struct fw_err *err)
{
    struct fw_history *h = fw_mem_array(1, sizeof(*h));

    *out = NULL;
    if (!h)
        return fw_err_set(err, FW_NOMEM, "no memory for the history");
    snprintf(h->path, sizeof(h->path), "%s", o->path);
    h->queue = o->queue ? o->queue : FW_HISTORY_QUEUE;
    h->keep_ms = (int64_t)o->keep_days * DAY_MS;
    h->max_bytes = (uint64_t)o->max_mb * BYTES_OF_A_MB;
    h->prune_ms = o->prune_ms ? o->prune_ms : PRUNE_MS;
    h->tail = &h->first;
    h->is_writing = true; /* until the database is open */
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->wake, NULL);
    pthread_cond_init(&h->idle, NULL);
    if (pthread_create(&h->thread, NULL, work, h) != 0) {
        free(h);
        return fw_err_set(err, FW_NOMEM, "no thread for the history");
    }
    *out = h;
    return FW_OK;
}

void fw_history_close(struct fw_history *h)
{
    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    h->shut = true;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    pthread_cond_destroy(&h->idle);
    pthread_cond_destroy(&h->wake);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

bool fw_history_push(struct fw_history *h, const struct fw_history_row *row)
{
    struct fw_history_parcel *p;
    bool taken;

    if (!h)
        return false;
    p = fw_mem_array(1, sizeof(*p));
    if (p)
        p->row = *row;
    pthread_mutex_lock(&h->lock);
    taken = p && !h->shut && h->state.waiting < h->queue;
    if (taken) {
        *h->tail = p;
        h->tail = &p->next;
        h->state.waiting++;
        pthread_cond_signal(&h->wake);
    } else {
        h->state.dropped++;
    }
    pthread_mutex_unlock(&h->lock);
    if (!taken)
        free(p);
    return taken;
}

void fw_history_flush(struct fw_history *h)
{
    pthread_mutex_lock(&h->lock);
    while (h->first || h->is_writing)
        pthread_cond_wait(&h->idle, &h->lock);
    pthread_mutex_unlock(&h->lock);
}

void fw_history_state(struct fw_history *h, struct fw_history_state *out)
{
    pthread_mutex_lock(&h->lock);
    *out = h->state;
    pthread_mutex_unlock(&h->lock);
}
