#include "server/rpc/guests.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdk/base/clock.h"
#include "sdk/base/mem.h"

#define DISCARD_BYTES (64u << 10)
#define DISCARD_TIMES 256 /* more than a socket holds */
#define FLOOD         "flood"

void fw_guests_open(struct fw_guests *g)
{
    *g = (struct fw_guests){.capacity = 0};
    pthread_mutex_init(&g->lock, NULL);
    fw_list_init(&g->knocking);
    fw_list_init(&g->strangers);
    fw_list_init(&g->known);
}

static void remove_all(struct fw_guests *g, struct fw_list *of)
{
    while (!fw_list_empty(of))
        fw_guests_remove(g, FW_LIST_ITEM(of->next, struct fw_guest, link));
}

void fw_guests_close(struct fw_guests *g)
{
    remove_all(g, &g->knocking);
    remove_all(g, &g->strangers);
    remove_all(g, &g->known);
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
    fw_list_remove(&guest->link);
    pthread_mutex_lock(&g->lock);
    if (guest->grpc_fd >= 0 && g->by_fd[guest->grpc_fd] == guest)
        g->by_fd[guest->grpc_fd] = NULL;
    pthread_mutex_unlock(&g->lock);
    fw_guest_put(guest);
}

struct fw_guest *fw_guests_add(struct fw_guests *g, int fd,
                               const struct in6_addr *peer, int64_t now_ms)
{
    struct fw_guest *guest = fw_mem_array(1, sizeof(*guest));

    if (!guest) {
        close(fd);
        return NULL;
    }
    guest->fd = fd;
    guest->grpc_fd = -1;
    guest->peer = *peer;
    guest->refs = 1;
    fw_meter_open(&guest->meter, now_ms);
    fw_list_push_back(&g->knocking, &guest->link);
    return guest;
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
bool fw_guests_hand(struct fw_guests *g, struct fw_guest *guest, int grpc_fd)
{
    bool ok;

    pthread_mutex_lock(&g->lock);
    ok = make_room(g, grpc_fd);
    if (ok) {
        guest->grpc_fd = grpc_fd;
        g->by_fd[grpc_fd] = guest;
    }
    pthread_mutex_unlock(&g->lock);
    if (!ok)
        return false;
    fw_list_remove(&guest->link);
    fw_list_push_back(&g->strangers, &guest->link);
    return true;
}

void fw_guests_know(struct fw_guests *g, struct fw_guest *guest)
{
    guest->known = true;
    fw_list_remove(&guest->link);
    fw_list_push_back(&g->known, &guest->link);
}

/* What has come and was not read is not for gRPC any more. */
static void discard(int fd)
{
    char away[DISCARD_BYTES];

    /* TCP lets go of it without copying */
    for (int i = 0; i < DISCARD_TIMES; i++) {
        if (recv(fd, away, sizeof(away), MSG_TRUNC | MSG_DONTWAIT) <= 0)
            return;
    }
}

/* What it still sends is not waited for: it gets a reset when the last
 * descriptor is closed. */
void fw_guest_cut(struct fw_guest *guest)
{
    const struct linger at_once = {.l_onoff = 1};

    setsockopt(guest->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    shutdown(guest->fd, SHUT_RDWR);
    if (!guest->local)
        discard(guest->fd);
}

/* Not left to the listener's thread, which may not run for a while: every call
 * is some KB in gRPC. */
void fw_guest_stop(struct fw_guest *guest, const char *why)
{
    if (!__atomic_exchange_n(&guest->why, why, __ATOMIC_RELAXED))
        fw_guest_cut(guest);
}

bool fw_guest_call(struct fw_guest *guest)
{
    if (__atomic_add_fetch(&guest->calls, 1, __ATOMIC_RELAXED) <=
        FW_GUEST_CALLS)
        return true;
    fw_guest_stop(guest, FLOOD);
    return false;
}

void fw_guest_call_end(struct fw_guest *guest, bool in_vain)
{
    __atomic_sub_fetch(&guest->calls, 1, __ATOMIC_RELAXED);
    if (in_vain &&
        __atomic_add_fetch(&guest->vain, 1, __ATOMIC_RELAXED) > FW_GUEST_CALLS)
        fw_guest_stop(guest, FLOOD);
}

void fw_guest_took(struct fw_guest *guest)
{
    __atomic_store_n(&guest->took_ms, fw_clock_mono_ms(), __ATOMIC_RELAXED);
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
