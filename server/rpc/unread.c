#include "server/rpc/unread.h"

#include "server/rpc/guests.h"
#include "server/rpc/lane.h"
#include "server/rpc/server.h"

#define LOOK_MS 250 /* between looks */
#define STRIDE  256 /* calls that are passed by without letting others in */

static bool is_stuck(const struct fw_call *c, int64_t before_ms)
{
    int64_t since_ms = __atomic_load_n(&c->stuck_ms, __ATOMIC_RELAXED);

    return since_ms && since_ms <= before_ms;
}

static bool is_due(const struct fw_call *c, int64_t now_ms)
{
    int64_t at_ms = __atomic_load_n(&c->look_ms, __ATOMIC_RELAXED);

    return at_ms && at_ms <= now_ms;
}

/* A reference to the next call behind `after` in the list that there is
 * something to do with, or that is only a place to go on from.  The caller has
 * one to `after`, so that it stays there; NULL: the first; none is left. */
static struct fw_call *next_call(struct fw_server *s, struct fw_call *after,
                                 int64_t now_ms)
{
    int64_t before_ms = now_ms - s->deadlines.unread_ms;
    struct fw_call *found = NULL;
    unsigned passed = 0;
    struct fw_list *l;

    pthread_mutex_lock(&s->lock);
    for (l = after ? after->link.next : s->calls.next; l != &s->calls && !found;
         l = l->next) {
        struct fw_call *c = FW_LIST_ITEM(l, struct fw_call, link);

        if ((is_stuck(c, before_ms) || is_due(c, now_ms) ||
             ++passed > STRIDE) &&
            fw_call_try_ref(c))
            found = c;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
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

static void look(struct fw_server *s, struct fw_call *c, int64_t now_ms)
{
    int64_t before_ms = now_ms - s->deadlines.unread_ms;

    if (is_stuck(c, before_ms))
        end(s, c, before_ms);
    else if (is_due(c, now_ms))
        c->method->look(c, now_ms);
}

void fw_unread_tick(struct fw_server *s, int64_t now_ms)
{
    struct fw_call *c;

    if (now_ms < s->unread.looked_ms + LOOK_MS)
        return;
    s->unread.looked_ms = now_ms;
    c = next_call(s, NULL, now_ms);
    while (c) {
        struct fw_call *next;

        look(s, c, now_ms);
        next = next_call(s, c, now_ms);
        fw_call_unref(c);
        c = next;
    }
}
