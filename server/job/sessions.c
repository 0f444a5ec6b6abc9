#include "server/job/sessions.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/wire/reason.h"

void fw_sessions_init(struct fw_sessions *s, int64_t lease_ms,
                      uint32_t max_workers)
{
    *s = (struct fw_sessions){.lease_ms = lease_ms, .max_workers = max_workers};
    s->tail = &s->first;
}

void fw_sessions_close(struct fw_sessions *s)
{
    while (s->first) {
        struct fw_session *w = s->first;

        s->first = w->next;
        explicit_bzero(w->key, sizeof(w->key));
        free(w);
    }
    s->tail = &s->first;
}

/* Take one that is over out of the list and free it. */
static void forget(struct fw_sessions *s, struct fw_session **at)
{
    struct fw_session *w = *at;

    *at = w->next;
    if (s->tail == &w->next)
        s->tail = at;
    s->departed--;
    explicit_bzero(w->key, sizeof(w->key));
    free(w);
}

static struct fw_session **by_name(struct fw_sessions *s, const char *name)
{
    struct fw_session **at = &s->first;

    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

fw_status fw_sessions_join(struct fw_sessions *s, const char *name,
                           const uint8_t key[FW_SESSION_BYTES],
                           enum fw_dtype dtype, int64_t now_ms,
                           struct fw_session **out, struct fw_err *err)
{
    struct fw_session **old = by_name(s, name);
    struct fw_session *w;

    if (*old && (*old)->state == FW_WORKER_CONNECTED)
        return FW_REFUSE(err, WORKER_EXISTS,
                         "worker '%s' is connected already; choose another "
                         "name or wait until its lease has run out",
                         name);
    if (s->connected >= s->max_workers)
        return FW_REFUSE(err, TOO_MANY_WORKERS,
                         "the job has %u workers, its limit", s->connected);
    w = fw_mem_array(1, sizeof(*w));
    if (!w)
        return FW_REFUSE(err, OUT_OF_MEMORY, "no memory for another worker");
    if (*old)
        forget(s, old);
    memcpy(w->name, name, strlen(name) + 1);
    memcpy(w->key, key, FW_SESSION_BYTES);
    w->epoch = ++s->epoch;
    w->state = FW_WORKER_CONNECTED;
    w->dtype = dtype;
    w->joined_ms = now_ms;
    w->heard_ms = now_ms;
    *s->tail = w;
    s->tail = &w->next;
    s->connected++;
    *out = w;
    return FW_OK;
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
    struct fw_session *w = s->first;

    while (w && !same_key(w->key, key))
        w = w->next;
    return w;
}

struct fw_session *fw_sessions_by_epoch(struct fw_sessions *s, uint64_t epoch)
{
    struct fw_session *w = s->first;

    while (w && w->epoch != epoch)
        w = w->next;
    return w;
}

void fw_sessions_end(struct fw_sessions *s, struct fw_session *who,
                     enum fw_worker_state state, int64_t now_ms)
{
    struct fw_session **at = &s->first;

    who->state = state;
    who->gone_ms = now_ms;
    s->connected--;
    s->departed++;
    if (state == FW_WORKER_LOST)
        s->lost++;
    while (s->departed > FW_DEPARTED_KEPT) {
        while ((*at)->state == FW_WORKER_CONNECTED)
            at = &(*at)->next;
        forget(s, at);
    }
}

struct fw_session *fw_sessions_expired(struct fw_sessions *s, int64_t now_ms)
{
    struct fw_session *w = s->first;

    while (w && (w->state != FW_WORKER_CONNECTED ||
                 now_ms - w->heard_ms <= s->lease_ms))
        w = w->next;
    return w;
}
