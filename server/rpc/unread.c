#include "server/rpc/unread.h"

#include "server/rpc/guests.h"
#include "server/rpc/lane.h"
#include "server/rpc/server.h"
#include "server/rpc/transfer.h"

#define LOOK_MS 250 /* between looks */
#define STRIDE  256 /* calls that are passed by without letting others in */

/* Since when a write waits for the client; 0: none does. */
static int64_t stuck_ms(const struct fw_call *c)
{
    return __atomic_load_n(&c->stuck_ms, __ATOMIC_RELAXED);
}

void fw_unread_from(struct fw_unread *u, int64_t ms)
{
    int64_t next = __atomic_load_n(&u->next_ms, __ATOMIC_RELAXED);

    while (ms < next &&
           !__atomic_compare_exchange_n(&u->next_ms, &next, ms, true,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        continue;
}

/* Is there something to do with it?  If not yet, it is said when. */
static bool wants_look(struct fw_call *c, int64_t now_ms)
{
    int64_t at_ms = __atomic_load_n(&c->look_ms, __ATOMIC_RELAXED);
    bool now = stuck_ms(c) || fw_call_due(c, now_ms);

    if (now || at_ms)
        fw_unread_from(&c->server->unread, now ? now_ms : at_ms);
    return now;
}

/* A reference to the next call behind `after` in the list that there is
 * something to do with, or that is only a place to go on from.  The caller has
 * one to `after`, so that it stays there; NULL: the first; none is left. */
static struct fw_call *next_call(struct fw_server *s, struct fw_call *after,
                                 int64_t now_ms)
{
    struct fw_call *found = NULL;
    unsigned passed = 0;
    struct fw_list *l;

    pthread_mutex_lock(&s->lock);
    for (l = after ? after->link.next : s->calls.next; l != &s->calls && !found;
         l = l->next) {
        struct fw_call *c = FW_LIST_ITEM(l, struct fw_call, link);

        if ((wants_look(c, now_ms) || ++passed > STRIDE) && fw_call_try_ref(c))
            found = c;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

static void end(struct fw_call *c, const char *why, const char *text)
{
    struct fw_server *s = c->server;
    const struct in6_addr *peer = c->lane    ? &c->lane->peer
                                  : c->guest ? &c->guest->peer
                                             : NULL;

    fw_refusals_tell(&s->unread.refusals, "call_cut", why, peer,
                     fw_caps_count(&s->caps));
    fw_call_cancel(c, FW_UNAVAILABLE, text);
}

/* Other calls of the connection may be in order. */
static void end_stuck(struct fw_call *c, int64_t before_ms)
{
    struct fw_guest *guest = c->guest;

    end(c, "unread", "what was sent was not read in time");
    fw_call_stuck(c, false); /* once is enough */
    if (guest &&
        __atomic_load_n(&guest->took_ms, __ATOMIC_RELAXED) <= before_ms)
        fw_guest_stop(guest, "unread");
}

void fw_unread_look(struct fw_call *c, struct fw_transfer *t, int64_t now_ms)
{
    const struct fw_deadlines *d = &c->server->deadlines;
    bool hinders;

    pthread_mutex_lock(&c->lock);
    hinders = !c->gone && fw_transfer_hinders(t, d->unread_ms,
                                              d->read_mb_per_second, now_ms);
    if (hinders)
        t->since_ms = now_ms; /* once is enough */
    pthread_mutex_unlock(&c->lock);
    if (hinders)
        end(c, "slow", "what was sent was read too slowly, and others wait");
}

static void look(struct fw_call *c, int64_t now_ms)
{
    int64_t before_ms = now_ms - c->server->deadlines.unread_ms;
    int64_t since_ms = stuck_ms(c);

    if (since_ms && since_ms <= before_ms)
        end_stuck(c, before_ms);
    else if (c->method && c->method->look)
        c->method->look(c, now_ms);
}

void fw_unread_tick(struct fw_server *s, int64_t now_ms)
{
    struct fw_call *c;

    if (now_ms < s->unread.looked_ms + LOOK_MS ||
        now_ms < __atomic_load_n(&s->unread.next_ms, __ATOMIC_RELAXED))
        return;
    s->unread.looked_ms = now_ms;
    __atomic_exchange_n(&s->unread.next_ms, INT64_MAX, __ATOMIC_ACQUIRE);
    c = next_call(s, NULL, now_ms);
    while (c) {
        struct fw_call *next;

        look(c, now_ms);
        next = next_call(s, c, now_ms);
        fw_call_unref(c);
        c = next;
    }
}
