#include "server/rpc/lobby.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "server/rpc/lane.h"
#include "server/rpc/server.h"

#define EVENTS    256
#define SIP_BYTES 64 /* some heartbeats; more is a thread's to read */

/* Time for heartbeats to gather in, so that this thread turns less often; more
 * if a turn brings many. */
#define SLACK_MS      5
#define MANY          4
#define LONG_SLACK_MS 20

/* What is to become of a lane that was looked at. */
enum fate { STAY, WORK, END };

/* Watch for what the lane waits for, as it is now; the call's lock is held.
 * False: it should not wait. */
static bool watch(struct fw_lobby *b, struct fw_lane *l)
{
    struct epoll_event e = {.data.ptr = l};
    struct pollfd p = {.fd = -1};
    bool known;

    if (!fw_pipe_arm(&l->pipe, l->reading, false, &p))
        return false;
    if (p.events & POLLIN)
        e.events = EPOLLIN;
    known = l->watched == p.fd;
    if (known && l->watched_for == e.events)
        return true;
    if (!known && l->watched >= 0)
        (void)epoll_ctl(b->watch, EPOLL_CTL_DEL, l->watched, NULL);
    l->watched = -1;
    if (epoll_ctl(b->watch, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, p.fd, &e))
        return false;
    l->watched = p.fd;
    l->watched_for = e.events;
    return true;
}

/* The lane is not here any more; the call's lock is held. */
static void let_go(struct fw_lobby *b, struct fw_lane *l)
{
    if (l->watched >= 0)
        (void)epoll_ctl(b->watch, EPOLL_CTL_DEL, l->watched, NULL);
    l->watched = -1;
    l->parked = false;
    pthread_mutex_lock(&b->lock);
    fw_list_remove(&l->called);
    pthread_mutex_unlock(&b->lock);
}

static bool is_over(const struct fw_lane *l)
{
    return l->call->gone || (l->call->ended && !l->n_out);
}

bool fw_lobby_take(struct fw_lobby *b, struct fw_lane *l)
{
    struct fw_call *c = fw_call_ref(l->call); /* till its lock is let go */
    bool rests = false;

    pthread_mutex_lock(&c->lock);
    if (b->open && !l->have && !l->land && !l->blocked && !is_over(l))
        rests = watch(b, l);
    if (rests) {
        free(l->in);
        l->in = NULL;
        l->room = 0;
        close(l->wake);
        l->wake = -1;
        l->thread = b->thread;
        l->parked = true;
        fw_lanes_awake(&c->server->lanes, -1);
    }
    pthread_mutex_unlock(&c->lock);
    fw_call_unref(c);
    return rests;
}

void fw_lobby_call(struct fw_lobby *b, struct fw_lane *l)
{
    uint64_t one = 1;

    pthread_mutex_lock(&b->lock);
    if (fw_list_empty(&l->called))
        fw_list_push_back(&b->called, &l->called);
    pthread_mutex_unlock(&b->lock);
    (void)!write(b->wake, &one, sizeof(one)); /* it cannot overflow */
}

/* Read a little: heartbeats are served here. */
static enum fate sip(struct fw_lobby *b, struct fw_lane *l)
{
    const size_t beat = b->beat.n;
    uint8_t in[SIP_BYTES];
    ssize_t n = fw_pipe_receive(&l->pipe, in, sizeof(in));
    size_t used = 0;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return STAY;
    if (n <= 0)
        return END;
    fw_jobs_count(l->call->server->jobs, (size_t)n, 0);
    while ((size_t)n - used >= beat &&
           memcmp(in + used, b->beat.data, beat) == 0 &&
           fw_lane_deliver(l, in + used + FW_FRAME_HEAD, beat - FW_FRAME_HEAD))
        used += beat;
    if (used == (size_t)n)
        return STAY;
    return fw_lane_keep(l, in + used, (size_t)n - used) ? WORK : END;
}

/* Do with the lane what its state asks for. */
static void settle(struct fw_lobby *b, struct fw_lane *l, enum fate fate)
{
    struct fw_call *c = l->call;

    pthread_mutex_lock(&c->lock);
    if (is_over(l))
        fate = END;
    else if (fate == STAY && (l->blocked || !watch(b, l)))
        fate = WORK;
    if (fate != STAY)
        let_go(b, l);
    if (fate == WORK && fw_lane_run(l) != FW_OK)
        fate = END;
    pthread_mutex_unlock(&c->lock);
    if (fate == END)
        fw_lane_end(l);
}

static void visit(struct fw_lobby *b, struct fw_lane *l, uint32_t events)
{
    enum fate fate = STAY;

    /* a byte may come before take is through with what it is doing */
    pthread_mutex_lock(&l->call->lock);
    pthread_mutex_unlock(&l->call->lock);
    if (events & (EPOLLERR | EPOLLHUP))
        fate = END;
    else if (events & EPOLLIN)
        fate = sip(b, l);
    settle(b, l, fate);
}

/* Those that were called; false: it is closing. */
static bool look_at_called(struct fw_lobby *b)
{
    struct fw_list *next;
    bool closing;

    do {
        pthread_mutex_lock(&b->lock);
        next = fw_list_take_front(&b->called);
        closing = b->closing;
        pthread_mutex_unlock(&b->lock);
        if (next)
            settle(b, FW_LIST_ITEM(next, struct fw_lane, called), STAY);
    } while (next);
    return !closing;
}

/* After n events let more come, unless somebody calls. */
static void gather(const struct fw_lobby *b, int n)
{
    struct pollfd p = {.fd = b->wake, .events = POLLIN};

    (void)poll(&p, 1, n < MANY ? SLACK_MS : LONG_SLACK_MS);
}

static void *serve(void *arg)
{
    struct fw_lobby *b = arg;
    struct epoll_event events[EVENTS];
    uint64_t calls;

    (void)pthread_setname_np(pthread_self(), "lobby");
    for (;;) {
        int n = epoll_wait(b->watch, events, EVENTS, -1);

        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                visit(b, events[i].data.ptr, events[i].events);
            else
                (void)!read(b->wake, &calls, sizeof(calls));
        }
        if (!look_at_called(b))
            break;
        gather(b, n);
    }
    return NULL;
}

/* The frame that a heartbeat is, as our own library writes it. */
static fw_status make_beat(struct fw_bytes *out)
{
    static const struct fw_train_request m = {.kind = FW_TRAIN_HEARTBEAT};
    struct fw_bytes body = {0};
    uint8_t head[FW_FRAME_HEAD];
    fw_status s = fw_encode_train_request(&m, &body);

    fw_frame_put(head, (uint32_t)body.n);
    if (s == FW_OK)
        s = fw_bytes_append(out, head, sizeof(head));
    if (s == FW_OK)
        s = fw_bytes_append(out, body.data, body.n);
    fw_bytes_close(&body);
    return s;
}

fw_status fw_lobby_open(struct fw_lobby *b)
{
    struct epoll_event e = {.events = EPOLLIN};
    fw_status s;

    *b = (struct fw_lobby){
        .watch = epoll_create1(EPOLL_CLOEXEC),
        .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
    };
    fw_list_init(&b->called);
    pthread_mutex_init(&b->lock, NULL);
    s = make_beat(&b->beat);
    if (s == FW_OK && epoll_ctl(b->watch, EPOLL_CTL_ADD, b->wake, &e))
        s = FW_IO;
    if (s == FW_OK && pthread_create(&b->thread, NULL, serve, b))
        s = FW_NOMEM;
    b->open = s == FW_OK;
    if (b->open)
        return FW_OK;
    fw_bytes_close(&b->beat);
    pthread_mutex_destroy(&b->lock);
    close(b->watch);
    close(b->wake);
    return s;
}

void fw_lobby_close(struct fw_lobby *b)
{
    uint64_t one = 1;

    if (!b->open)
        return;
    pthread_mutex_lock(&b->lock);
    b->closing = true;
    pthread_mutex_unlock(&b->lock);
    (void)!write(b->wake, &one, sizeof(one)); /* it cannot overflow */
    pthread_join(b->thread, NULL);
    fw_bytes_close(&b->beat);
    pthread_mutex_destroy(&b->lock);
    close(b->watch);
    close(b->wake);
    *b = (struct fw_lobby){0};
}
