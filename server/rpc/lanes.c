#include "server/rpc/lanes.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdk/wire/messages.h"
#include "sdk/wire/pipe_ring.h"
#include "server/rpc/bind.h"
#include "server/rpc/lane.h"
#include "server/rpc/methods.h"
#include "server/rpc/server.h"

#define BACKLOG     256
#define LANES_MAX   16384u
#define ACCEPT_MS   100 /* wait when there are no descriptors */
#define ADDRESS_MAX 256
#define REASON_MAX  (sizeof(((struct fw_err *)0)->text) + 3) /* in quotes */

/* Only the thread that accepts lets lanes in. */
static bool has_room(struct fw_lanes *ls, bool local)
{
    bool has;

    pthread_mutex_lock(&ls->lock);
    has = ls->n < LANES_MAX && (!local || ls->n_local < FW_LANES_LOCAL_MAX);
    pthread_mutex_unlock(&ls->lock);
    return has;
}

static void enter(struct fw_lanes *ls, struct fw_lane *l)
{
    pthread_mutex_lock(&ls->lock);
    ls->n++;
    ls->n_local += l->local;
    fw_list_push_back(&ls->alive, &l->link);
    pthread_mutex_unlock(&ls->lock);
}

void fw_lanes_remove(struct fw_lanes *ls, struct fw_lane *l)
{
    pthread_mutex_lock(&ls->lock);
    fw_list_remove(&l->link);
    ls->n_local -= l->local;
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

/* The same, with a reason in words. */
static void refuse_for(struct fw_lanes *ls, const char *words,
                       const struct in6_addr *peer)
{
    char why[REASON_MAX];

    snprintf(why, sizeof(why), "\"%s\"", words);
    refuse(ls, why, peer);
}

void fw_lanes_stranger(struct fw_lanes *ls, const struct fw_lane *l)
{
    if (l->pipe.trouble)
        refuse_for(ls, l->pipe.trouble, &l->peer);
}

void fw_lanes_tell(const struct fw_lanes *ls, const struct fw_call *c,
                   struct fw_join_response *answer)
{
    answer->lane_port = ls->tls ? 0 : (uint32_t)ls->port;
    answer->lane_tls_port = ls->tls ? (uint32_t)ls->port : 0;
    snprintf(answer->lane_local, sizeof(answer->lane_local), "%s",
             ls->local.fd >= 0 && fw_lane_local_is_near(c) ? ls->local.name
                                                           : "");
}

/* What the connection travels on; takes fd.  False: it is refused. */
static bool lay(struct fw_lanes *ls, struct fw_pipe *pipe, int fd, bool local)
{
    struct fw_err err;

    if (!local && !ls->tls)
        fw_pipe_tcp(pipe, fd);
    else if (!local)
        return fw_tls_pipe(ls->tls, pipe, fd) == FW_OK;
    else if (fw_pipe_ring_offer(pipe, fd, &err) != FW_OK) {
        refuse_for(ls, err.text, &in6addr_loopback);
        return false;
    }
    return true;
}

/* Takes fd, whose peer counts already; false: the peer has gone. */
static bool take(struct fw_lanes *ls, int fd, const struct in6_addr *peer,
                 bool local)
{
    struct fw_pipe pipe;
    struct fw_call *c;
    struct fw_lane *l;

    if (!lay(ls, &pipe, fd, local))
        return false;
    c = fw_call_of_lane(ls->server, &fw_methods[FW_METHOD_TRAIN], &pipe);
    if (!c)
        return false;
    l = c->lane;
    l->peer = *peer;
    l->local = local;
    enter(ls, l);
    if (fw_lane_start(l) == FW_OK)
        return true;
    fw_lanes_remove(ls, l);
    fw_lanes_left(ls);
    fw_call_unref(c);
    return true;
}

/* A connection has come: is there room for it? */
static void let_in(struct fw_lanes *ls, int fd,
                   const struct sockaddr_storage *from, bool local)
{
    struct in6_addr peer;
    const char *why = has_room(ls, local) ? NULL : "too_many_lanes";

    fw_caps_peer(from, &peer);
    if (!why)
        why = fw_caps_enter(&ls->server->caps, &peer);
    if (why) {
        refuse(ls, why, &peer);
        close(fd);
    } else if (!take(ls, fd, &peer, local)) {
        fw_caps_leave(&ls->server->caps, &peer);
    }
}

static void accept_all(struct fw_lanes *ls, int listens)
{
    struct sockaddr_storage from = {0};
    socklen_t n = sizeof(from);
    int fd;

    while ((fd = accept4(listens, (struct sockaddr *)&from, &n,
                         SOCK_CLOEXEC)) >= 0) {
        let_in(ls, fd, &from, listens == ls->local.fd);
        n = sizeof(from);
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
        errno == ENOMEM)
        poll(NULL, 0, ACCEPT_MS); /* the guest waits in the backlog */
}

/* Until a listening socket is shut. */
static void *serve(void *arg)
{
    struct fw_lanes *ls = arg;
    struct pollfd listening[] = {{.fd = ls->fd, .events = POLLIN},
                                 {.fd = ls->local.fd, .events = POLLIN}};

    for (;;) {
        (void)poll(listening, 2, -1);
        for (int i = 0; i < 2; i++) {
            if (listening[i].revents & (POLLHUP | POLLERR | POLLNVAL))
                return NULL;
            if (listening[i].revents)
                accept_all(ls, listening[i].fd);
        }
    }
}

/* At least one place to listen at. */
static fw_status listen_at(struct fw_lanes *ls, const char *address,
                           struct fw_err *err)
{
    const char *colon = address ? strrchr(address, ':') : NULL;
    char any_port[ADDRESS_MAX];
    fw_status local = fw_lane_local_open(&ls->local, err);
    fw_status st;

    if (local != FW_OK)
        fw_log(FW_LOG_WARN, "no_local_lanes", "reason=\"%s\"", err->text);
    if (!address)
        return local;
    snprintf(any_port, sizeof(any_port), "%.*s:0",
             colon ? (int)(colon - address) : 0, address);
    st = fw_bind(any_port, &ls->fd, &ls->port, err);
    if (st != FW_OK)
        fw_lane_local_close(&ls->local);
    return st;
}

static void stop_listening(struct fw_lanes *ls)
{
    if (ls->fd >= 0)
        close(ls->fd);
    fw_lane_local_close(&ls->local);
}

fw_status fw_lanes_open(struct fw_lanes *ls, struct fw_server *s,
                        const char *address, struct fw_err *err)
{
    fw_status st;

    *ls = (struct fw_lanes){.fd = -1, .local.fd = -1};
    st = listen_at(ls, address, err);
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
    stop_listening(ls);
    *ls = (struct fw_lanes){.fd = -1, .local.fd = -1};
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
    if (!ls->server)
        return;
    if (ls->fd >= 0)
        (void)shutdown(ls->fd, SHUT_RDWR); /* wakes the thread */
    if (ls->local.fd >= 0)
        (void)shutdown(ls->local.fd, SHUT_RDWR);
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
    stop_listening(ls);
    *ls = (struct fw_lanes){.fd = -1, .local.fd = -1};
}
