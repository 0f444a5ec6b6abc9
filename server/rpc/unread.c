#include "server/rpc/unread.h"

#include "server/rpc/guests.h"
#include "server/rpc/lane.h"
#include "server/rpc/server.h"

#define LOOK_MS 250 /* between looks */
#define AT_ONCE 64  /* that are ended between two turns of the lock */

/* References to calls whose message waits for too long. */
static size_t find(struct fw_server *s, int64_t before_ms,
                   struct fw_call *out[AT_ONCE])
{
    size_t n = 0;

    pthread_mutex_lock(&s->lock);
    for (struct fw_list *l = s->calls.next; l != &s->calls && n < AT_ONCE;
         l = l->next) {
        struct fw_call *c = FW_LIST_ITEM(l, struct fw_call, link);
        int64_t stuck_ms = __atomic_load_n(&c->stuck_ms, __ATOMIC_RELAXED);

        if (stuck_ms && stuck_ms <= before_ms && fw_call_try_ref(c))
            out[n++] = c;
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* Other calls of the connection may be in order. */
static void end(struct fw_server *s, struct fw_call *c, int64_t before_ms)
{
    struct fw_guest *guest = c->guest;
    const struct in6_addr *peer = c->lane ? &c->lane->peer
                                  : guest ? &guest->peer
                                          : NULL;

    fw_refusals_tell(&s->unread.refusals, "call_cut", "unread", peer,
                     fw_caps_count(&s->caps));
    fw_call_stuck(c, false); /* once is enough */
    fw_call_cancel(c, FW_UNAVAILABLE, "what was sent was not read in time");
    if (guest &&
        __atomic_load_n(&guest->took_ms, __ATOMIC_RELAXED) <= before_ms)
        fw_guest_stop(guest, "unread");
}

void fw_unread_tick(struct fw_server *s, int64_t now_ms)
{
    int64_t before_ms = now_ms - s->deadlines.unread_ms;
    struct fw_call *calls[AT_ONCE];
    size_t n;

    if (now_ms < s->unread.looked_ms + LOOK_MS)
        return;
    s->unread.looked_ms = now_ms;
    do {
        n = find(s, before_ms, calls);
        for (size_t i = 0; i < n; i++) {
            end(s, calls[i], before_ms);
            fw_call_unref(calls[i]);
        }
    } while (n == AT_ONCE);
}
