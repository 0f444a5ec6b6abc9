#include "server/rpc/caps.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"

struct peer {
    struct fw_list link;
    struct in6_addr address;
    uint32_t n; /* connections, at least one */
};

void fw_caps_open(struct fw_caps *c, uint32_t most, uint32_t per_peer)
{
    *c = (struct fw_caps){.most = most, .per_peer = per_peer};
    pthread_mutex_init(&c->lock, NULL);
    for (size_t i = 0; i < FW_CAPS_BUCKETS; i++)
        fw_list_init(&c->buckets[i]);
}

void fw_caps_close(struct fw_caps *c)
{
    struct fw_list *l;

    for (size_t i = 0; i < FW_CAPS_BUCKETS; i++) {
        while ((l = fw_list_take_front(&c->buckets[i])) != NULL)
            free(FW_LIST_ITEM(l, struct peer, link));
    }
    pthread_mutex_destroy(&c->lock);
}

void fw_caps_peer(const struct sockaddr_storage *from, struct in6_addr *out)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0,    0,
                                       0, 0, 0, 0, 0xff, 0xff};

    if (from->ss_family == AF_INET6) {
        *out = ((const struct sockaddr_in6 *)from)->sin6_addr;
        return;
    }
    if (from->ss_family != AF_INET) {
        *out = in6addr_loopback;
        return;
    }
    memcpy(out->s6_addr, mapped, sizeof(mapped));
    memcpy(out->s6_addr + sizeof(mapped),
           &((const struct sockaddr_in *)from)->sin_addr,
           sizeof(struct in_addr));
}

bool fw_caps_is_loopback(const struct in6_addr *a)
{
    return IN6_IS_ADDR_LOOPBACK(a) ||
           (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

/* Any byte may be the one in which addresses of a network differ. */
static struct fw_list *bucket_of(struct fw_caps *c, const struct in6_addr *peer)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < sizeof(peer->s6_addr); i++)
        sum = sum * 31 + peer->s6_addr[i];
    return &c->buckets[sum % FW_CAPS_BUCKETS];
}

static struct peer *find(struct fw_list *bucket, const struct in6_addr *peer)
{
    struct fw_list *l;

    FW_LIST_EACH(l, bucket) {
        struct peer *p = FW_LIST_ITEM(l, struct peer, link);

        if (memcmp(&p->address, peer, sizeof(*peer)) == 0)
            return p;
    }
    return NULL;
}

/* The lock is held. */
static const char *count(struct fw_caps *c, const struct in6_addr *peer)
{
    struct fw_list *bucket = bucket_of(c, peer);
    struct peer *p;

    if (fw_caps_is_loopback(peer))
        return NULL;
    p = find(bucket, peer);
    if (!p) {
        p = fw_mem_array(1, sizeof(*p));
        if (!p)
            return "no_memory";
        p->address = *peer;
        fw_list_push_back(bucket, &p->link);
    }
    if (p->n >= c->per_peer)
        return "too_many_of_one_peer";
    p->n++;
    return NULL;
}

const char *fw_caps_enter(struct fw_caps *c, const struct in6_addr *peer)
{
    const char *why = "too_many_connections";

    pthread_mutex_lock(&c->lock);
    if (c->n < c->most)
        why = count(c, peer);
    if (!why)
        c->n++;
    pthread_mutex_unlock(&c->lock);
    return why;
}

void fw_caps_leave(struct fw_caps *c, const struct in6_addr *peer)
{
    struct peer *p;

    pthread_mutex_lock(&c->lock);
    c->n--;
    p = fw_caps_is_loopback(peer) ? NULL : find(bucket_of(c, peer), peer);
    if (p && --p->n == 0) {
        fw_list_remove(&p->link);
        free(p);
    }
    pthread_mutex_unlock(&c->lock);
}

uint32_t fw_caps_count(struct fw_caps *c)
{
    uint32_t n;

    pthread_mutex_lock(&c->lock);
    n = c->n;
    pthread_mutex_unlock(&c->lock);
    return n;
}
