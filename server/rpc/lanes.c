#include "server/rpc/lanes.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/rpc/lane.h"
#include "server/rpc/methods.h"
#include "server/rpc/server.h"

#define BACKLOG   256
#define LANES_MAX 16384u /* each is a thread */
#define ACCEPT_MS 100    /* wait when there are no descriptors */
#define IDLE_S    10     /* silence before the first keepalive probe */
#define PROBE_S   5
#define DEAD_MS   15000u /* what was sent and not acknowledged so long */
#define HOST_MAX  256

static void set(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof(value));
}

/* Small messages at once; dead links are noticed as with gRPC. */
static void prepare(int fd)
{
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, IDLE_S);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_S);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 1);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)DEAD_MS);
}

static bool enter(struct fw_lanes *ls, struct fw_lane *l)
{
    bool ok;

    pthread_mutex_lock(&ls->lock);
    ok = ls->n < LANES_MAX;
    if (ok) {
        ls->n++;
        fw_list_push_back(&ls->alive, &l->link);
    }
    pthread_mutex_unlock(&ls->lock);
    return ok;
}

void fw_lanes_remove(struct fw_lanes *ls, struct fw_lane *l)
{
    pthread_mutex_lock(&ls->lock);
    fw_list_remove(&l->link);
    pthread_mutex_unlock(&ls->lock);
}

void fw_lanes_left(struct fw_lanes *ls)
{
    pthread_mutex_lock(&ls->lock);
    ls->n--;
    pthread_cond_broadcast(&ls->left);
    pthread_mutex_unlock(&ls->lock);
}

/* Takes fd. */
static void take(struct fw_lanes *ls, int fd)
{
    struct fw_call *c =
        fw_call_of_lane(ls->server, &fw_methods[FW_METHOD_TRAIN], fd);
    struct fw_lane *l;

    if (!c)
        return;
    l = c->lane;
    prepare(fd);
    if (enter(ls, l)) {
        if (fw_lane_start(l) == FW_OK)
            return;
        fw_lanes_remove(ls, l);
        fw_lanes_left(ls);
    }
    fw_call_unref(c);
}

/* Until the listening socket is shut. */
static void *serve(void *arg)
{
    struct fw_lanes *ls = arg;
    struct pollfd listening = {.fd = ls->fd, .events = POLLIN};

    for (;;) {
        int fd = accept4(ls->fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0) {
            take(ls, fd);
            continue;
        }
        if (poll(&listening, 1, ACCEPT_MS) > 0 &&
            (listening.revents & (POLLHUP | POLLERR | POLLNVAL)))
            return NULL;
    }
}

/* The host of HOST:PORT or [HOST]:PORT. */
static bool split(const char *address, char host[HOST_MAX])
{
    const char *colon = strrchr(address, ':');
    size_t n;

    if (!colon || strncmp(address, "unix:", 5) == 0)
        return false;
    if (*address == '[' && colon > address && colon[-1] == ']') {
        address++;
        colon--;
    }
    n = (size_t)(colon - address);
    if (!n || n >= HOST_MAX)
        return false;
    memcpy(host, address, n);
    host[n] = '\0';
    return true;
}

static int listen_at(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    close(fd);
    return -1;
}

static int bound_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = {0};
    socklen_t n = sizeof(at);

    if (getsockname(fd, &at.any, &n))
        return 0;
    return ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port
                                              : at.v4.sin_port);
}

/* A listening socket on a free port of the host; -1: none. */
static int listen_on(const char *host)
{
    struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int fd = -1;

    if (getaddrinfo(host, "0", &want, &found))
        return -1;
    for (struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
        fd = listen_at(a);
    freeaddrinfo(found);
    return fd;
}

fw_status fw_lanes_open(struct fw_lanes *ls, struct fw_server *s,
                        const char *address, struct fw_err *err)
{
    char host[HOST_MAX];

    *ls = (struct fw_lanes){.fd = -1};
    if (!split(address, host) || (ls->fd = listen_on(host)) < 0)
        return fw_err_set(err, FW_IO, "no port for lanes at %s: %m", address);
    fw_list_init(&ls->alive);
    pthread_mutex_init(&ls->lock, NULL);
    pthread_cond_init(&ls->left, NULL);
    ls->server = s;
    ls->port = bound_port(ls->fd);
    if (ls->port && pthread_create(&ls->thread, NULL, serve, ls) == 0)
        return FW_OK;
    pthread_mutex_destroy(&ls->lock);
    pthread_cond_destroy(&ls->left);
    close(ls->fd);
    *ls = (struct fw_lanes){.fd = -1};
    return fw_err_set(err, FW_NOMEM, "cannot start a thread for lanes");
}

void fw_lanes_cut(struct fw_lanes *ls)
{
    struct fw_list *l;

    if (!ls->server)
        return;
    pthread_mutex_lock(&ls->lock);
    FW_LIST_EACH(l, &ls->alive) {
        fw_lane_cut(FW_LIST_ITEM(l, struct fw_lane, link));
    }
    pthread_mutex_unlock(&ls->lock);
}

void fw_lanes_drain(struct fw_lanes *ls)
{
    if (ls->server)
        (void)shutdown(ls->fd, SHUT_RDWR); /* wakes the thread */
}

void fw_lanes_close(struct fw_lanes *ls)
{
    if (!ls->server)
        return;
    fw_lanes_drain(ls);
    pthread_join(ls->thread, NULL);
    fw_lanes_cut(ls);
    pthread_mutex_lock(&ls->lock);
    while (ls->n)
        pthread_cond_wait(&ls->left, &ls->lock);
    pthread_mutex_unlock(&ls->lock);
    pthread_mutex_destroy(&ls->lock);
    pthread_cond_destroy(&ls->left);
    close(ls->fd);
    *ls = (struct fw_lanes){.fd = -1};
}
