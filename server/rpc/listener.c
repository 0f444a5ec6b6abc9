#include "server/rpc/listener.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <grpc/grpc_security.h>

#include "sdk/base/clock.h"
#include "sdk/base/log.h"
#include "server/rpc/bind.h"
#include "server/rpc/listener_watch.h"

#define PAUSE_MS         50 /* without descriptors */
#define ACCEPT_AT_A_TIME 64

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
            l->paused_until_ms = fw_clock_mono_ms() + PAUSE_MS;
            fw_refusals_tell(&l->refusals, "connection_waits", "no_descriptors",
                             NULL, fw_caps_count(l->caps));
        }
        return errno == ECONNABORTED || errno == EINTR;
    }
    fw_caps_peer(&from, &peer);
    why = fw_caps_enter(l->caps, &peer);
    if (!why) {
        fw_listener_let_in(l, fd, &peer, listens == l->local.fd);
        return true;
    }
    fw_refusals_tell(&l->refusals, "connection_refused", why, &peer,
                     fw_caps_count(l->caps));
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

/* Wait for something to do; true when the server stops. */
static bool rest(struct fw_listener *l, bool stopping)
{
    int64_t now = fw_clock_mono_ms();
    bool paused = stopping || now < l->paused_until_ms;
    int64_t looks = l->door_ms + FW_LISTENER_DOOR_MS - now;
    struct pollfd wait[] = {{.fd = stopping ? -1 : l->wake, .events = POLLIN},
                            {.fd = paused ? -1 : l->fd, .events = POLLIN},
                            {.fd = paused ? -1 : l->local.fd, .events = POLLIN},
                            {.fd = looks > 0 ? -1 : l->door, .events = POLLIN}};

    poll(wait, sizeof(wait) / sizeof(*wait),
         looks > 0 ? (int)looks : FW_LISTENER_LOOK_MS);
    if (wait[1].revents)
        accept_some(l, l->fd);
    if (wait[2].revents)
        accept_some(l, l->local.fd);
    return stopping || wait[0].revents;
}

/* Whom the porter still brings is watched until it has done so. */
static void *run(void *arg)
{
    struct fw_listener *l = arg;
    bool stopping = false;

    while (!stopping || !__atomic_load_n(&l->porter.done, __ATOMIC_ACQUIRE)) {
        bool stops = rest(l, stopping);

        if (stops && !stopping)
            fw_porter_end(&l->porter);
        stopping = stops;
        fw_listener_look(l, fw_clock_mono_ms());
    }
    return NULL;
}

fw_status fw_listener_start(struct fw_listener *l, struct fw_err *err)
{
    fw_status s = fw_porter_open(&l->porter, l->server, l->in, err);

    if (s != FW_OK)
        return s;
    l->running = pthread_create(&l->thread, NULL, run, l) == 0;
    if (l->running)
        return FW_OK;
    fw_porter_close(&l->porter);
    return fw_err_set(err, FW_NOMEM, "cannot start a thread");
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
    fw_porter_close(&l->porter);
    l->running = false;
    close_sockets(l);
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void fw_listener_close(struct fw_listener *l)
{
    if (!l->in)
        return;
    fw_listener_stop(l);
    close_sockets(l);
    close_fd(l->door);
    close_fd(l->watch);
    close_fd(l->wake);
    fw_guests_close(&l->guests);
    grpc_server_credentials_release(l->in);
    l->in = NULL;
}

fw_status fw_listener_open(struct fw_listener *l, grpc_server *server,
                           const struct fw_listener_at *at,
                           struct fw_caps *caps,
                           const struct fw_deadlines *deadlines,
                           struct fw_err *err)
{
    fw_status s = FW_OK;

    *l = (struct fw_listener){.server = server,
                              .caps = caps,
                              .deadlines = *deadlines,
                              .fd = -1,
                              .local = {.fd = -1},
                              .porter = {.way = {-1, -1}},
                              .door = -1,
                              .watch = -1,
                              .wake = -1};
    l->in = grpc_insecure_server_credentials_create();
    fw_guests_open(&l->guests);
    if (at->address)
        s = fw_bind(at->address, &l->fd, &l->port, err);
    if (s == FW_OK && at->path)
        s = fw_socket_file_open(&l->local, at->path, at->mode, err);
    if (s == FW_OK) {
        l->door = epoll_create1(EPOLL_CLOEXEC);
        l->watch = epoll_create1(EPOLL_CLOEXEC);
        l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    if (s == FW_OK && (l->door < 0 || l->watch < 0 || l->wake < 0))
        s = fw_err_set(err, FW_IO, "cannot listen: %s", strerror(errno));
    if (s != FW_OK)
        fw_listener_close(l);
    return s;
}
