#include "server/rpc/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>

#include "sdk/base/clock.h"
#include "sdk/base/log.h"
#include "server/rpc/bind.h"

#define STATE_CLOSED                                                           \
    7 /* TCP_CLOSE of netinet/tcp.h, which does not go with linux/ */
#define LOOK_MS          50   /* between looks at guests */
#define LINE_MS          1000 /* between lines of one refusal and the next */
#define WAIT_MS          1000 /* between looks for silent guests */
#define EVENTS           256
#define USER_TIMEOUT_MS  15000 /* unacknowledged bytes end a connection */
#define ACCEPT_AT_A_TIME 64

/* At most one line a second, and how many there would have been. */
static void tell(struct fw_listener *l, const char *event, const char *why,
                 const struct in6_addr *peer)
{
    char text[INET6_ADDRSTRLEN] = "";
    int64_t now = fw_clock_mono_ms();

    if (l->told_ms && now < l->told_ms + LINE_MS) {
        l->untold++;
        return;
    }
    if (peer)
        inet_ntop(AF_INET6, peer, text, sizeof(text));
    fw_log(FW_LOG_WARN, event, "why=%s peer=%s connections=%zu suppressed=%u",
           why, text, l->guests.n, l->untold);
    l->told_ms = now;
    l->untold = 0;
}

static void address_of(const struct sockaddr_storage *from,
                       struct in6_addr *out)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0,    0,
                                       0, 0, 0, 0, 0xff, 0xff};

    if (from->ss_family == AF_UNIX) {
        *out = in6addr_loopback;
        return;
    }
    if (from->ss_family == AF_INET6) {
        *out = ((const struct sockaddr_in6 *)from)->sin6_addr;
        return;
    }
    memcpy(out->s6_addr, mapped, sizeof(mapped));
    memcpy(out->s6_addr + sizeof(mapped),
           &((const struct sockaddr_in *)from)->sin_addr,
           sizeof(struct in_addr));
}

static bool is_loopback(const struct in6_addr *a)
{
    return IN6_IS_ADDR_LOOPBACK(a) ||
           (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

/* NULL, or why a connection cannot come in. */
static const char *objection(struct fw_listener *l, const struct in6_addr *peer)
{
    if (l->guests.n >= l->limits.connections)
        return "too_many_connections";
    if (!is_loopback(peer) &&
        fw_guests_from(&l->guests, peer) >= l->limits.per_peer)
        return "too_many_of_one_peer";
    return NULL;
}

/* As gRPC's own listener sets them. */
static void set_options(int fd)
{
    int on = 1;
    int timeout = USER_TIMEOUT_MS;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
}

/* gRPC takes the descriptor, the guest a duplicate. */
static void let_in(struct fw_listener *l, int fd, const struct in6_addr *peer,
                   bool local)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET};
    struct fw_guest *guest = NULL;
    int dup = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (dup >= 0)
        guest = fw_guests_add(&l->guests, fd, dup, peer, fw_clock_mono_ms());
    e.data.ptr = guest;
    if (guest && epoll_ctl(l->watch, EPOLL_CTL_ADD, guest->fd, &e) != 0) {
        fw_guests_remove(&l->guests, guest);
        guest = NULL;
    }
    if (!guest) {
        tell(l, "connection_refused", "no_descriptors", peer);
        close(fd);
        return;
    }
    guest->local = local;
    if (!local)
        set_options(fd);
    grpc_server_add_channel_from_fd(l->server, fd, l->in);
}

/* One connection; false: there is none, or there are no descriptors. */
static bool accept_one(struct fw_listener *l, int listens)
{
    struct sockaddr_storage from = {0};
    socklen_t n = sizeof(from);
    struct in6_addr peer;
    const char *why;
    int fd = accept4(listens, (struct sockaddr *)&from, &n,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
            errno == ENOMEM) {
            l->paused_until_ms = fw_clock_mono_ms() + LOOK_MS;
            tell(l, "connection_waits", "no_descriptors", NULL);
        }
        return errno == ECONNABORTED || errno == EINTR;
    }
    address_of(&from, &peer);
    why = objection(l, &peer);
    if (!why) {
        let_in(l, fd, &peer, listens == l->local.fd);
        return true;
    }
    tell(l, "connection_refused", why, &peer);
    close(fd);
    return true;
}

static void accept_some(struct fw_listener *l, int listens)
{
    for (int i = 0; i < ACCEPT_AT_A_TIME; i++) {
        if (!accept_one(l, listens))
            return;
    }
}

static void forget(struct fw_listener *l, struct fw_guest *guest)
{
    epoll_ctl(l->watch, EPOLL_CTL_DEL, guest->fd, NULL);
    fw_guests_remove(&l->guests, guest);
}

/* What it still sends is not waited for: it gets a reset when the last
 * descriptor is closed. */
static void cut(struct fw_listener *l, struct fw_guest *guest, const char *why)
{
    const struct linger at_once = {.l_onoff = 1};

    tell(l, "connection_cut", why, &guest->peer);
    setsockopt(guest->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    shutdown(guest->fd, SHUT_RDWR);
    forget(l, guest);
}

/* Something happened to a guest: it sent, or it ended. */
static void look(struct fw_listener *l, struct fw_guest *guest,
                 uint32_t happened, int64_t now)
{
    struct tcp_info info = {0};
    socklen_t n = sizeof(info);

    if (guest->local) {
        if (happened & EPOLLHUP)
            forget(l, guest);
        return;
    }
    if (getsockopt(guest->fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0 ||
        info.tcpi_state == STATE_CLOSED) {
        forget(l, guest);
        return;
    }
    if (fw_meter_look(&guest->meter, info.tcpi_bytes_received,
                      info.tcpi_bytes_acked, now) == FW_VERDICT_FLOOD)
        cut(l, guest, "flood");
}

static void look_at_active(struct fw_listener *l, int64_t now)
{
    struct epoll_event events[EVENTS];
    int n = EVENTS;

    for (int round = 0; n == EVENTS && round < EVENTS; round++) {
        n = epoll_wait(l->watch, events, EVENTS, 0);
        for (int i = 0; i < n; i++)
            look(l, events[i].data.ptr, events[i].events, now);
    }
}

static void look_for_silent(struct fw_listener *l, int64_t now)
{
    struct fw_list *next;

    if (now < l->waited_ms + WAIT_MS)
        return;
    l->waited_ms = now;
    for (struct fw_list *i = l->guests.all.next; i != &l->guests.all;
         i = next) {
        struct fw_guest *guest = FW_LIST_ITEM(i, struct fw_guest, link);

        next = i->next;
        if (fw_meter_wait(&guest->meter, now) == FW_VERDICT_SILENT)
            cut(l, guest, "silent");
    }
}

static void *run(void *arg)
{
    struct fw_listener *l = arg;
    int64_t looked = 0;

    for (;;) {
        int64_t now = fw_clock_mono_ms();
        bool paused = now < l->paused_until_ms;
        struct pollfd wait[] = {
            {.fd = l->wake, .events = POLLIN},
            {.fd = paused ? -1 : l->fd, .events = POLLIN},
            {.fd = paused ? -1 : l->local.fd, .events = POLLIN}};

        poll(wait, sizeof(wait) / sizeof(*wait), LOOK_MS);
        if (wait[0].revents)
            return NULL;
        if (wait[1].revents)
            accept_some(l, l->fd);
        if (wait[2].revents)
            accept_some(l, l->local.fd);
        now = fw_clock_mono_ms();
        if (now < looked + LOOK_MS)
            continue;
        looked = now;
        look_at_active(l, now);
        look_for_silent(l, now);
    }
}

fw_status fw_listener_start(struct fw_listener *l, struct fw_err *err)
{
    l->running = pthread_create(&l->thread, NULL, run, l) == 0;
    return l->running ? FW_OK
                      : fw_err_set(err, FW_NOMEM, "cannot start a thread");
}

static void close_sockets(struct fw_listener *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    fw_socket_file_close(&l->local);
}

void fw_listener_stop(struct fw_listener *l)
{
    uint64_t one = 1;

    if (!l->running)
        return;
    if (write(l->wake, &one, sizeof(one)) < 0)
        fw_log(FW_LOG_ERROR, "listener_not_woken", "errno=%d", errno);
    pthread_join(l->thread, NULL);
    l->running = false;
    close_sockets(l);
}

void fw_listener_close(struct fw_listener *l)
{
    if (!l->in)
        return;
    fw_listener_stop(l);
    close_sockets(l);
    if (l->watch >= 0)
        close(l->watch);
    if (l->wake >= 0)
        close(l->wake);
    fw_guests_close(&l->guests);
    grpc_server_credentials_release(l->in);
    l->in = NULL;
}

fw_status fw_listener_open(struct fw_listener *l, grpc_server *server,
                           const struct fw_listener_at *at,
                           const struct fw_listener_limits *limits,
                           struct fw_err *err)
{
    fw_status s = FW_OK;

    *l = (struct fw_listener){.server = server,
                              .limits = *limits,
                              .fd = -1,
                              .local = {.fd = -1},
                              .watch = -1,
                              .wake = -1};
    l->in = grpc_insecure_server_credentials_create();
    fw_guests_open(&l->guests);
    if (at->address)
        s = fw_bind(at->address, &l->fd, &l->port, err);
    if (s == FW_OK && at->path)
        s = fw_socket_file_open(&l->local, at->path, at->mode, err);
    if (s == FW_OK) {
        l->watch = epoll_create1(EPOLL_CLOEXEC);
        l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    if (s == FW_OK && (l->watch < 0 || l->wake < 0))
        s = fw_err_set(err, FW_IO, "cannot listen: %s", strerror(errno));
    if (s != FW_OK)
        fw_listener_close(l);
    return s;
}
