#include "server/rpc/guests.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/base/mem.h"

void fw_guests_open(struct fw_guests *g)
{
    *g = (struct fw_guests){.n = 0};
    pthread_mutex_init(&g->lock, NULL);
    fw_list_init(&g->all);
}

void fw_guests_close(struct fw_guests *g)
{
    struct fw_list *l;

    while ((l = g->all.next) != &g->all)
        fw_guests_remove(g, FW_LIST_ITEM(l, struct fw_guest, link));
    free(g->by_fd);
    pthread_mutex_destroy(&g->lock);
}

void fw_guest_put(struct fw_guest *guest)
{
    if (!guest || __atomic_sub_fetch(&guest->refs, 1, __ATOMIC_ACQ_REL))
        return;
    close(guest->fd);
    free(guest);
}

void fw_guests_remove(struct fw_guests *g, struct fw_guest *guest)
{
    pthread_mutex_lock(&g->lock);
    fw_list_remove(&guest->link);
    if (g->by_fd[guest->grpc_fd] == guest)
        g->by_fd[guest->grpc_fd] = NULL;
    g->n--;
    pthread_mutex_unlock(&g->lock);
    fw_guest_put(guest);
}

/* Room for descriptor `fd` in the table; the lock is held. */
static bool make_room(struct fw_guests *g, int fd)
{
    size_t before = g->capacity;

    if (fw_mem_grow(&g->by_fd, &g->capacity, (size_t)fd + 1,
                    sizeof(*g->by_fd)) != 0)
        return false;
    if (g->capacity > before)
        memset(&g->by_fd[before], 0,
               (g->capacity - before) * sizeof(*g->by_fd));
    return true;
}

/* gRPC may have closed a descriptor, and got its number again, before its end
 * was noticed here: the table shows the newest. */
struct fw_guest *fw_guests_add(struct fw_guests *g, int grpc_fd, int fd,
                               const struct in6_addr *peer, int64_t now_ms)
{
    struct fw_guest *guest = fw_mem_array(1, sizeof(*guest));
    bool ok;

    if (!guest) {
        close(fd);
        return NULL;
    }
    guest->fd = fd;
    guest->grpc_fd = grpc_fd;
    guest->peer = *peer;
    guest->refs = 1;
    fw_meter_open(&guest->meter, now_ms);
    fw_list_init(&guest->link);
    pthread_mutex_lock(&g->lock);
    ok = make_room(g, grpc_fd);
    if (ok) {
        g->by_fd[grpc_fd] = guest;
        fw_list_push_back(&g->all, &guest->link);
        g->n++;
    }
    pthread_mutex_unlock(&g->lock);
    if (!ok) {
        fw_guest_put(guest);
        return NULL;
    }
    return guest;
}

size_t fw_guests_from(struct fw_guests *g, const struct in6_addr *peer)
{
    size_t n = 0;

    pthread_mutex_lock(&g->lock);
    for (struct fw_list *l = g->all.next; l != &g->all; l = l->next) {
        struct fw_guest *guest = FW_LIST_ITEM(l, struct fw_guest, link);

        n += memcmp(&guest->peer, peer, sizeof(*peer)) == 0;
    }
    pthread_mutex_unlock(&g->lock);
    return n;
}

struct fw_guest *fw_guests_find(struct fw_guests *g, const char *name)
{
    struct fw_guest *guest = NULL;
    char *end;
    long fd;

    if (!name || strncmp(name, "fd:", 3) != 0)
        return NULL;
    fd = strtol(name + 3, &end, 10);
    pthread_mutex_lock(&g->lock);
    if (end != name + 3 && fd >= 0 && (size_t)fd < g->capacity)
        guest = g->by_fd[fd];
    if (guest)
        __atomic_add_fetch(&guest->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&g->lock);
    return guest;
}
