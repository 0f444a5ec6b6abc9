#include "server/rpc/listener_watch.h"

#include <fcntl.h>
#include <linux/socket.h>
#include <linux/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "sdk/base/clock.h"
#include "server/rpc/knock.h"

/* TCP_ESTABLISHED and TCP_CLOSE_WAIT of netinet/tcp.h, which does not go with
 * linux/ */
#define STATE_OPEN      1
#define STATE_PEER_DONE 8
#define WAIT_MS         100 /* between looks for silent guests */
#define EVENTS          256
#define USER_TIMEOUT_MS 11000 /* unacknowledged bytes end a connection */

static void tell(struct fw_listener *l, const char *event, const char *why,
                 const struct fw_guest *guest)
{
    fw_refusals_tell(&l->refusals, event, why, &guest->peer,
                     fw_caps_count(l->caps));
}

/* Its descriptor leaves the epoll by itself only if gRPC's is closed, too. */
static void forget(struct fw_listener *l, struct fw_guest *guest)
{
    epoll_ctl(guest->known ? l->watch : l->door, EPOLL_CTL_DEL, guest->fd,
              NULL);
    fw_caps_leave(l->caps, &guest->peer);
    fw_guests_remove(&l->guests, guest);
}

static void cut(struct fw_listener *l, struct fw_guest *guest, const char *why)
{
    tell(l, "connection_cut", why, guest);
    fw_guest_cut(guest);
    forget(l, guest);
}

/* Whatever happens to it from here on is told by this epoll, and what has
 * already happened at once. */
static bool attend(int epoll, struct fw_guest *guest)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET,
                            .data = {.ptr = guest}};

    return epoll_ctl(epoll, EPOLL_CTL_ADD, guest->fd, &e) == 0;
}

/* Until a stream of gradients shows that it needs more, gRPC cannot find more
 * than this in the socket at a time, however late it looks: what a socket has
 * to begin with (64 KiB and overhead).  Kernels before 5.14 cannot do that. */
static void hold_buffer(int fd, int locks)
{
    setsockopt(fd, SOL_SOCKET, SO_BUF_LOCK, &locks, sizeof(locks));
}

/* As gRPC's own listener sets them. */
static void set_options(int fd)
{
    int on = 1;
    int timeout = USER_TIMEOUT_MS;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
    hold_buffer(fd, SOCK_RCVBUF_LOCK);
}

void fw_listener_let_in(struct fw_listener *l, int fd,
                        const struct in6_addr *peer, bool local)
{
    struct fw_guest *guest =
        fw_guests_add(&l->guests, fd, peer, fw_clock_mono_ms());

    if (!guest) {
        fw_caps_leave(l->caps, peer);
        return;
    }
    guest->local = local;
    if (!local)
        set_options(fd);
    if (attend(l->door, guest))
        return;
    tell(l, "connection_refused", "no_descriptors", guest);
    forget(l, guest);
}

/* It has said that it speaks HTTP/2. */
static void hand(struct fw_listener *l, struct fw_guest *guest)
{
    int fd = fcntl(guest->fd, F_DUPFD_CLOEXEC, 0);

    if (fd >= 0 && fw_guests_hand(&l->guests, guest, fd) &&
        fw_porter_bring(&l->porter, fd))
        return;
    if (fd >= 0)
        close(fd);
    tell(l, "connection_refused", "no_descriptors", guest);
    forget(l, guest);
}

/* Has gRPC hung up, or the connection ended?  A peer that neither reads nor
 * closes would have the socket stay for as long as our descriptor is open. */
static bool is_over(struct fw_guest *guest, struct tcp_info *info)
{
    socklen_t n = sizeof(*info);

    return getsockopt(guest->fd, IPPROTO_TCP, TCP_INFO, info, &n) != 0 ||
           (info->tcpi_state != STATE_OPEN &&
            info->tcpi_state != STATE_PEER_DONE);
}

static void look_at_gRPCs(struct fw_listener *l, struct fw_guest *guest,
                          uint32_t happened, int64_t now)
{
    struct tcp_info info = {0};
    const char *why = __atomic_load_n(&guest->why, __ATOMIC_RELAXED);

    if (why) {
        cut(l, guest, why);
        return;
    }
    if (guest->local) {
        if (happened & EPOLLHUP)
            forget(l, guest);
        return;
    }
    if (is_over(guest, &info))
        forget(l, guest);
    else if (fw_meter_look(&guest->meter, info.tcpi_bytes_received,
                           info.tcpi_bytes_acked, now) == FW_VERDICT_FLOOD)
        cut(l, guest, "flood");
}

/* Something happened to a guest: it sent, or it ended. */
static void look(struct fw_listener *l, struct fw_guest *guest,
                 uint32_t happened, int64_t now)
{
    if (guest->grpc_fd >= 0) {
        look_at_gRPCs(l, guest, happened, now);
        return;
    }
    switch (fw_knock_peek(guest->fd)) {
    case FW_KNOCK_HTTP2:
        hand(l, guest);
        break;
    case FW_KNOCK_STRANGE:
        forget(l, guest);
        break;
    case FW_KNOCK_WAIT:
        break;
    }
}

static void look_at(struct fw_listener *l, int epoll, int64_t now)
{
    struct epoll_event events[EVENTS];
    int n = EVENTS;

    for (int round = 0; n == EVENTS && round < EVENTS; round++) {
        n = epoll_wait(epoll, events, EVENTS, 0);
        for (int i = 0; i < n; i++)
            look(l, events[i].data.ptr, events[i].events, now);
    }
}

static void wait_for_knocks(struct fw_listener *l, int64_t now)
{
    struct fw_list *of = &l->guests.knocking;

    while (!fw_list_empty(of)) {
        struct fw_guest *oldest = FW_LIST_ITEM(of->next, struct fw_guest, link);

        if (now - oldest->meter.born_ms < l->deadlines.handshake_ms)
            return;
        cut(l, oldest, "silent");
    }
}

/* Those that gRPC has: do they call, and do their messages come?  A stranger
 * that a message was taken of is one no more. */
static void wait_for_words(struct fw_listener *l, struct fw_list *of,
                           int64_t now)
{
    struct fw_list *next;

    for (struct fw_list *i = of->next; i != of; i = next) {
        struct fw_guest *guest = FW_LIST_ITEM(i, struct fw_guest, link);

        next = i->next;
        if (!guest->wide && fw_meter_streamed(&guest->meter)) {
            guest->wide = true;
            hold_buffer(guest->fd, 0);
        }
        if (fw_meter_wait(&guest->meter, &l->deadlines, now) ==
            FW_VERDICT_SILENT) {
            cut(l, guest, "silent");
        } else if (!guest->known && fw_meter_credited(&guest->meter)) {
            epoll_ctl(l->door, EPOLL_CTL_DEL, guest->fd, NULL);
            fw_guests_know(&l->guests, guest);
            if (!attend(l->watch, guest))
                cut(l, guest, "no_descriptors");
        }
    }
}

void fw_listener_look(struct fw_listener *l, int64_t now_ms)
{
    if (now_ms >= l->door_ms + FW_LISTENER_DOOR_MS) {
        l->door_ms = now_ms;
        look_at(l, l->door, now_ms);
        wait_for_knocks(l, now_ms);
    }
    if (now_ms >= l->watch_ms + FW_LISTENER_LOOK_MS) {
        l->watch_ms = now_ms;
        look_at(l, l->watch, now_ms);
    }
    if (now_ms >= l->waited_ms + WAIT_MS) {
        l->waited_ms = now_ms;
        wait_for_words(l, &l->guests.known, now_ms);
        wait_for_words(l, &l->guests.strangers, now_ms);
    }
}
