#include "server/job/sessions.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/failpoint.h"
#include "sdk/base/mem.h"
#include "sdk/base/words.h"
#include "sdk/wire/reason.h"

#define BUCKETS_FIRST 64u  /* doubled when there are more sessions */
#define RATE_MS       5000 /* over which gradients a second are counted */

void fw_sessions_init(struct fw_sessions *s, int64_t lease_ms,
                      uint32_t max_workers)
{
    *s = (struct fw_sessions){.lease_ms = lease_ms, .max_workers = max_workers};
    fw_list_init(&s->all);
    fw_list_init(&s->alive);
    fw_list_init(&s->gone);
}

static void end_session(struct fw_session *w)
{
    explicit_bzero(w->key, sizeof(w->key));
    free(w);
}

void fw_sessions_close(struct fw_sessions *s)
{
    struct fw_list *l;

    while (s->all.next && (l = fw_list_take_front(&s->all)))
        end_session(FW_LIST_ITEM(l, struct fw_session, link));
    for (int i = 0; i < FW_SESSION_INDEXES; i++)
        free(s->bucket[i]);
    fw_sessions_init(s, s->lease_ms, s->max_workers);
}

/* --- the index --- */

/* FNV-1a. */
static uint64_t hash_name(const char *name)
{
    uint64_t h = 0xcbf29ce484222325u;

    while (*name)
        h = (h ^ (uint8_t)*name++) * 0x100000001b3u;
    return h;
}

/* Keys are random, so any of their bytes will do. */
static uint64_t hash_key(const uint8_t *key)
{
    uint64_t h;

    memcpy(&h, key, sizeof(h));
    return h;
}

static uint64_t hash_of(const struct fw_session *w, int index)
{
    if (index == FW_SESSION_BY_NAME)
        return hash_name(w->name);
    if (index == FW_SESSION_BY_KEY)
        return hash_key(w->key);
    return w->epoch;
}

/* The first of the sessions with this hash, and of others in its bucket. */
static struct fw_session *bucket_of(const struct fw_sessions *s, int index,
                                    uint64_t hash)
{
    return s->n_buckets ? s->bucket[index][hash % s->n_buckets] : NULL;
}

static void index_add(struct fw_sessions *s, struct fw_session *w)
{
    for (int i = 0; i < FW_SESSION_INDEXES; i++) {
        struct fw_session **at = &s->bucket[i][hash_of(w, i) % s->n_buckets];

        w->chain[i] = *at;
        *at = w;
    }
}

static void index_remove(struct fw_sessions *s, struct fw_session *w)
{
    for (int i = 0; i < FW_SESSION_INDEXES; i++) {
        struct fw_session **at = &s->bucket[i][hash_of(w, i) % s->n_buckets];

        while (*at != w)
            at = &(*at)->chain[i];
        *at = w->chain[i];
    }
}

/* Room in the index for one more; FW_NOMEM changes nothing. */
static fw_status index_grow(struct fw_sessions *s)
{
    struct fw_session **bucket[FW_SESSION_INDEXES];
    uint32_t n = s->n_buckets ? 2 * s->n_buckets : BUCKETS_FIRST;
    struct fw_list *l;

    if (s->connected + s->departed < s->n_buckets)
        return FW_OK;
    for (int i = 0; i < FW_SESSION_INDEXES; i++) {
        bucket[i] = fw_mem_array(n, sizeof(*bucket[i]));
        if (!bucket[i]) {
            while (i > 0)
                free(bucket[--i]);
            return FW_NOMEM;
        }
    }
    for (int i = 0; i < FW_SESSION_INDEXES; i++) {
        free(s->bucket[i]);
        s->bucket[i] = bucket[i];
    }
    s->n_buckets = n;
    FW_LIST_EACH(l, &s->all)
        index_add(s, FW_LIST_ITEM(l, struct fw_session, link));
    return FW_OK;
}

/* --- sessions --- */

/* Free one that is over. */
static void forget(struct fw_sessions *s, struct fw_session *w)
{
    index_remove(s, w);
    fw_list_remove(&w->link);
    fw_list_remove(&w->turn);
    s->departed--;
    end_session(w);
}

static struct fw_session *by_name(const struct fw_sessions *s, const char *name)
{
    struct fw_session *w = bucket_of(s, FW_SESSION_BY_NAME, hash_name(name));

    while (w && strcmp(w->name, name) != 0)
        w = w->chain[FW_SESSION_BY_NAME];
    return w;
}

/* Whether `name` may have a session now; *old is its last one, if any. */
static fw_status check_join(const struct fw_sessions *s, const char *name,
                            struct fw_session **old, struct fw_err *err)
{
    *old = by_name(s, name);
    if (*old && (*old)->state == FW_WORKER_CONNECTED)
        return FW_REFUSE(err, WORKER_EXISTS,
                         "worker '%s' is connected already; choose another "
                         "name or wait until its lease has run out",
                         name);
    if (s->connected >= s->max_workers)
        return FW_REFUSE(err, TOO_MANY_WORKERS,
                         "the job has %u worker%s, its limit", s->connected,
                         fw_plural(s->connected));
    return FW_OK;
}

fw_status fw_sessions_join(struct fw_sessions *s, const char *name,
                           const uint8_t key[FW_SESSION_BYTES],
                           enum fw_dtype dtype, int64_t now_ms,
                           struct fw_session **out, struct fw_err *err)
{
    struct fw_session *old;
    struct fw_session *w;
    fw_status st = check_join(s, name, &old, err);

    if (st != FW_OK)
        return st;
    w = fw_mem_array(1, sizeof(*w));
    if (!w || fw_failpoint("join.session", err) != FW_OK ||
        index_grow(s) != FW_OK) {
        free(w);
        return FW_REFUSE(err, OUT_OF_MEMORY, "no memory for another worker");
    }
    w->quarantined = old && old->quarantined;
    if (old)
        forget(s, old);
    memcpy(w->name, name, strlen(name) + 1);
    memcpy(w->key, key, FW_SESSION_BYTES);
    w->epoch = ++s->epoch;
    w->state = FW_WORKER_CONNECTED;
    w->dtype = dtype;
    w->rated_ms = now_ms;
    w->heard_ms = now_ms;
    index_add(s, w);
    fw_list_push_back(&s->all, &w->link);
    fw_list_push_back(&s->alive, &w->turn);
    s->connected++;
    *out = w;
    return FW_OK;
}

struct fw_session *fw_sessions_by_name(struct fw_sessions *s, const char *name)
{
    return by_name(s, name);
}

struct fw_session *fw_sessions_unheard(struct fw_sessions *s, const char *name)
{
    struct fw_session *w = by_name(s, name);

    return w && w->unheard && w->state == FW_WORKER_CONNECTED ? w : NULL;
}

static bool same_key(const uint8_t *a, const uint8_t *b)
{
    uint8_t difference = 0;

    for (int i = 0; i < FW_SESSION_BYTES; i++)
        difference |= a[i] ^ b[i];
    return difference == 0;
}

struct fw_session *fw_sessions_by_key(struct fw_sessions *s,
                                      const uint8_t key[FW_SESSION_BYTES])
{
    struct fw_session *w = bucket_of(s, FW_SESSION_BY_KEY, hash_key(key));

    while (w && !same_key(w->key, key))
        w = w->chain[FW_SESSION_BY_KEY];
    return w;
}

struct fw_session *fw_sessions_by_epoch(struct fw_sessions *s, uint64_t epoch)
{
    struct fw_session *w = bucket_of(s, FW_SESSION_BY_EPOCH, epoch);

    while (w && w->epoch != epoch)
        w = w->chain[FW_SESSION_BY_EPOCH];
    return w;
}

double fw_session_rate(const struct fw_session *w, int64_t now_ms)
{
    int64_t ms = now_ms - w->rated_ms;
    double now =
        ms > 0 ? 1e3 * (double)(w->gradients - w->rated) / (double)ms : 0.0;

    if (w->state != FW_WORKER_CONNECTED)
        return 0.0;
    return w->rate > 0.0 && ms < RATE_MS ? w->rate : now;
}

void fw_sessions_heard(struct fw_sessions *s, struct fw_session *who,
                       int64_t now_ms)
{
    if (now_ms - who->rated_ms >= RATE_MS) {
        who->rate = fw_session_rate(who, now_ms);
        who->rated_ms = now_ms;
        who->rated = who->gradients;
    }
    who->heard_ms = now_ms;
    who->unheard = false;
    fw_list_remove(&who->turn);
    fw_list_push_back(&s->alive, &who->turn);
}

void fw_sessions_end(struct fw_sessions *s, struct fw_session *who,
                     enum fw_worker_state state)
{
    who->state = state;
    fw_list_remove(&who->turn);
    fw_list_push_back(&s->gone, &who->turn);
    s->connected--;
    s->departed++;
    if (state == FW_WORKER_LOST)
        s->lost++;
    if (s->departed > FW_DEPARTED_KEPT)
        forget(s, FW_LIST_ITEM(s->gone.next, struct fw_session, turn));
}

struct fw_session *fw_sessions_expired(struct fw_sessions *s, int64_t now_ms)
{
    struct fw_session *w;

    if (fw_list_empty(&s->alive))
        return NULL;
    w = FW_LIST_ITEM(s->alive.next, struct fw_session, turn);
    return now_ms - w->heard_ms > s->lease_ms ? w : NULL;
}

int64_t fw_sessions_next_ms(const struct fw_sessions *s)
{
    const struct fw_session *w;

    if (fw_list_empty(&s->alive))
        return INT64_MAX;
    w = FW_LIST_ITEM(s->alive.next, struct fw_session, turn);
    return w->heard_ms + s->lease_ms + 1;
}
