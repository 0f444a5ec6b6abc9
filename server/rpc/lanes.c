#include "server/rpc/lanes.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdk/wire/messages.h"
#include "server/rpc/bind.h"
#include "server/rpc/lane.h"
#include "server/rpc/methods.h"
#include "server/rpc/server.h"

#define BACKLOG     256
#define LANES_MAX   16384u
#define ACCEPT_MS   100 /* wait when there are no descriptors */
#define ADDRESS_MAX 256
#define REASON_MAX  160

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
    fw_caps_leave(&ls->server->caps, &l->peer);
}

void fw_lanes_left(struct fw_lanes *ls)
{
    pthread_mutex_lock(&ls->lock);
    ls->n--;
    pthread_cond_broadcast(&ls->left);
    pthread_mutex_unlock(&ls->lock);
}

bool fw_lanes_few(const struct fw_lanes *ls)
{
    return __atomic_load_n(&ls->awake, __ATOMIC_RELAXED) <= ls->few;
}

void fw_lanes_awake(struct fw_lanes *ls, int more)
{
    __atomic_add_fetch(&ls->awake, (size_t)more, __ATOMIC_RELAXED);
}

/* A line of the log about someone who does not get a lane. */
static void refuse(struct fw_lanes *ls, const char *why,
                   const struct in6_addr *peer)
{
    pthread_mutex_lock(&ls->lock);
    fw_refusals_tell(&ls->refusals, "lane_refused", why, peer,
                     fw_caps_count(&ls->server->caps));
    pthread_mutex_unlock(&ls->lock);
}

void fw_lanes_stranger(struct fw_lanes *ls, const struct fw_lane *l)
{
    char why[REASON_MAX];

    if (!l->pipe.trouble)
        return;
    snprintf(why, sizeof(why), "\"%s\"", l->pipe.trouble);
    refuse(ls, why, &l->peer);
}

void fw_lanes_tell(const struct fw_lanes *ls, struct fw_join_response *answer)
{
    answer->lane_port = ls->tls ? 0 : (uint32_t)ls->port;
    answer->lane_tls_port = ls->tls ? (uint32_t)ls->port : 0;
}

/* Takes fd, whose peer counts already. */
static void take(struct fw_lanes *ls, int fd, const struct in6_addr *peer)
{
    struct fw_pipe pipe;
    struct fw_call *c;
    struct fw_lane *l;

    if (!ls->tls) {
        fw_pipe_tcp(&pipe, fd);
    } else if (fw_tls_pipe(ls->tls, &pipe, fd) != FW_OK) {
        fw_caps_leave(&ls->server->caps, peer);
        return;
    }
    c = fw_call_of_lane(ls->server, &fw_methods[FW_METHOD_TRAIN], &pipe);
    if (!c) {
        fw_caps_leave(&ls->server->caps, peer);
        return;
    }
    l = c->lane;
    l->peer = *peer;
    if (!enter(ls, l)) {
        fw_caps_leave(&ls->server->caps, peer);
    } else if (fw_lane_start(l) == FW_OK) {
        return;
    } else {
        fw_lanes_remove(ls, l);
        fw_lanes_left(ls);
    }
    fw_call_unref(c);
}

/* A connection has come: is there room for it? */
static void let_in(struct fw_lanes *ls, int fd,
                   const struct sockaddr_storage *from)
{
    struct in6_addr peer;
    const char *why;

    fw_caps_peer(from, &peer);
    why = fw_caps_enter(&ls->server->caps, &peer);
    if (!why) {
        take(ls, fd, &peer);
        return;
    }
    refuse(ls, why, &peer);
    close(fd);
}

/* Until the listening socket is shut. */
static void *serve(void *arg)
{
    struct fw_lanes *ls = arg;
    struct pollfd listening = {.fd = ls->fd, .events = POLLIN};

    for (;;) {
        struct sockaddr_storage from = {0};
        socklen_t n = sizeof(from);
        int fd = accept4(ls->fd, (struct sockaddr *)&from, &n, SOCK_CLOEXEC);

        if (fd >= 0) {
            let_in(ls, fd, &from);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
            errno == ENOMEM)
            poll(NULL, 0, ACCEPT_MS); /* the guest waits in the backlog */
        if (poll(&listening, 1, -1) > 0 &&
            (listening.revents & (POLLHUP | POLLERR | POLLNVAL)))
            return NULL;
    }
}

fw_status fw_lanes_open(struct fw_lanes *ls, struct fw_server *s,
                        const char *address, struct fw_err *err)
{
    const char *colon = strrchr(address, ':');
    char any_port[ADDRESS_MAX];
    fw_status st;

    *ls = (struct fw_lanes){.fd = -1};
    snprintf(any_port, sizeof(any_port), "%.*s:0",
             colon ? (int)(colon - address) : 0, address);
    st = fw_bind(any_port, &ls->fd, &ls->port, err);
    if (st != FW_OK)
        return st;
    fw_list_init(&ls->alive);
    pthread_mutex_init(&ls->lock, NULL);
    pthread_cond_init(&ls->left, NULL);
    ls->server = s;
    ls->tls = s->tls.side ? &s->tls : NULL;
    ls->few =
        (size_t)sysconf(_SC_NPROCESSORS_ONLN) / 2; /* one for the worker */
    if (fw_lobby_open(&ls->lobby) != FW_OK)
        fw_log(FW_LOG_WARN, "no_lobby", "idle lanes keep their threads");
    if (pthread_create(&ls->thread, NULL, serve, ls) == 0)
        return FW_OK;
    fw_lobby_close(&ls->lobby);
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
    fw_lobby_close(&ls->lobby);
    pthread_mutex_destroy(&ls->lock);
    pthread_cond_destroy(&ls->left);
    close(ls->fd);
    *ls = (struct fw_lanes){.fd = -1};
}
