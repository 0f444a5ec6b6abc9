#include "server/rpc/lane.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sdk/base/clock.h"
#include "sdk/base/mem.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/reason.h"
#include "server/rpc/lanes.h"
#include "server/rpc/server.h"

#define IN_BYTES     (64u << 10)    /* to begin with; grows to a message */
#define LONG_BYTES   (IN_BYTES / 2) /* longer messages may land */
#define PEEK_BYTES   ((size_t)FW_CHUNK_HEAD_MAX + FW_FRAME_HEAD)
#define WARM_BYTES   (128u << 10) /* landed at once, and looked at while warm */
#define STRANGER_MAX 4096u /* bytes of a first message; it opens the stream */
#define STACK_BYTES  (256u << 10)
#define LINGER_MS    250 /* without a word, before the thread goes */

void fw_lane_read(struct fw_lane *l)
{
    struct fw_call *c = l->call;
    bool over;

    pthread_mutex_lock(&c->lock);
    over = l->over;
    l->reading = !over;
    if (!over)
        fw_lane_kick(l);
    pthread_mutex_unlock(&c->lock);
    if (over)
        c->method->on_read(c, NULL);
}

bool fw_lane_deliver(struct fw_lane *l, uint8_t *data, size_t n)
{
    struct fw_span span = {data, n};
    struct fw_message m = {.spans = &span, .n_spans = 1, .n_bytes = n};
    bool wanted;

    pthread_mutex_lock(&l->call->lock);
    wanted = l->reading;
    l->reading = false;
    pthread_mutex_unlock(&l->call->lock);
    if (wanted)
        l->call->method->on_read(l->call, &m);
    return wanted;
}

/* End the stream for what the client has sent. */
static void refuse(struct fw_lane *l, uint32_t n)
{
    struct fw_err err;

    fw_call_finish(l->call,
                   FW_REFUSE(&err, MESSAGE_TOO_LARGE,
                             "a message of %u bytes; at most %u are taken", n,
                             l->familiar ? FW_MESSAGE_MAX_BYTES : STRANGER_MAX),
                   &err);
}

/* Bytes of the frame that begins at `in`, with its head; 0: not known yet. */
static size_t frame_bytes(const struct fw_lane *l)
{
    return l->have < FW_FRAME_HEAD
               ? 0
               : FW_FRAME_HEAD + (size_t)fw_frame_get(l->in);
}

static void drop_first(struct fw_lane *l, size_t n)
{
    l->have -= n;
    memmove(l->in, l->in + n, l->have);
}

/* Use what is in `in`.  False: the client does not speak our language. */
static bool use(struct fw_lane *l)
{
    size_t n;

    if (!l->greeted) {
        size_t have =
            l->have < FW_LANE_PREFACE_BYTES ? l->have : FW_LANE_PREFACE_BYTES;

        if (memcmp(l->in, FW_LANE_PREFACE, have) != 0)
            return false;
        if (have < FW_LANE_PREFACE_BYTES)
            return true;
        l->greeted = true;
        drop_first(l, have);
    }
    while ((n = frame_bytes(l)) != 0) {
        size_t body = n - FW_FRAME_HEAD;

        if (body > (l->familiar ? FW_MESSAGE_MAX_BYTES : STRANGER_MAX)) {
            refuse(l, (uint32_t)body);
            l->have = 0;
            return true;
        }
        if (l->have < n || !fw_lane_deliver(l, l->in + FW_FRAME_HEAD, body))
            return true;
        l->familiar = true;
        drop_first(l, n);
    }
    return true;
}

/* Room for the frame that has begun. */
static bool make_room(struct fw_lane *l)
{
    size_t want = frame_bytes(l);
    uint8_t *in;

    if (want < IN_BYTES)
        want = IN_BYTES;
    if (want <= l->room)
        return true;
    in = realloc(l->in, want);
    if (!in)
        return false;
    l->in = in;
    l->room = want;
    return true;
}

/* Have the rest of the message go where it belongs, if the stream knows. */
static void try_land(struct fw_lane *l)
{
    struct fw_call *c = l->call;
    struct fw_span seen = {l->in + FW_FRAME_HEAD, l->have - FW_FRAME_HEAD};
    size_t total = frame_bytes(l) - FW_FRAME_HEAD;
    size_t skip = 0;

    l->land = l->find(c, &seen, total, &skip);
    if (!l->land)
        return;
    memcpy(l->land, seen.data + skip, seen.n - skip);
    l->land += seen.n - skip;
    l->left = total - seen.n;
    l->have = 0;
    l->landed(c, seen.n - skip, false);
}

bool fw_lane_keep(struct fw_lane *l, const uint8_t *data, size_t n)
{
    if (!make_room(l))
        return false;
    memcpy(l->in, data, n);
    l->have = n;
    return true;
}

/* PARKED: the lane is the lobby's. */
enum outcome { DONE, IDLE, PARKED, GONE };

/* So many bytes came. */
static void took(struct fw_lane *l, size_t n)
{
    fw_jobs_count(l->call->server->jobs, n, 0);
    l->patience.came += n;
    fw_brisk_found(&l->brisk);
}

static enum outcome receive_landing(struct fw_lane *l)
{
    size_t want = l->left < WARM_BYTES ? l->left : WARM_BYTES;
    ssize_t n = fw_pipe_receive(&l->pipe, l->land, want);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? IDLE : GONE;
    if (n == 0)
        return GONE;
    took(l, (size_t)n);
    l->land += n;
    l->left -= (size_t)n;
    if (l->left) {
        l->landed(l->call, (size_t)n, false);
        return DONE;
    }
    l->land = NULL;
    l->bulky = true;
    pthread_mutex_lock(&l->call->lock);
    l->reading = false;
    pthread_mutex_unlock(&l->call->lock);
    l->landed(l->call, (size_t)n, true);
    return DONE;
}

/* One system call, and what comes of it.  Of a long frame no byte is read too
 * many, so that nothing long has to be moved. */
static enum outcome receive(struct fw_lane *l)
{
    size_t want = frame_bytes(l);
    ssize_t n;

    if (l->land)
        return receive_landing(l);
    if (want > LONG_BYTES && l->find && l->familiar && l->have >= PEEK_BYTES) {
        try_land(l);
        if (l->land)
            return DONE;
    }
    if (!make_room(l))
        return GONE;
    if (!want && l->bulky)
        want = PEEK_BYTES;
    else if (want < IN_BYTES)
        want = IN_BYTES;
    l->bulky = l->bulky && want == PEEK_BYTES;
    if (want <= l->have)
        return IDLE; /* a whole frame that is not wanted yet */
    if (!l->have && fw_pipe_was_drained(&l->pipe))
        return IDLE;
    n = fw_pipe_receive(&l->pipe, l->in + l->have, want - l->have);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? IDLE : GONE;
    if (n == 0)
        return GONE;
    took(l, (size_t)n);
    l->have += (size_t)n;
    return use(l) ? DONE : GONE;
}

static enum fw_stage stage(const struct fw_lane *l, bool reading)
{
    if (!l->familiar)
        return l->greeted ? FW_STAGE_FIRST : FW_STAGE_HELLO;
    return reading && (l->have || l->land) ? FW_STAGE_WITHIN : FW_STAGE_BETWEEN;
}

/* Wait for something to do, but for strangers and dawdlers not for long. */
static enum outcome rest(struct fw_lane *l, bool reading, bool blocked)
{
    struct fw_lanes *lanes = &l->call->server->lanes;
    struct pollfd p[] = {{0}, {.fd = l->wake, .events = POLLIN}};
    uint64_t kicks;
    int wait = fw_patience_left(&l->patience, &l->call->server->deadlines,
                                stage(l, reading), fw_clock_mono_ms());
    int n;

    if (!wait)
        return GONE;
    if (l->familiar && wait > LINGER_MS)
        wait = LINGER_MS;
    if (l->familiar && fw_lanes_few(lanes) &&
        fw_pipe_again(&l->pipe, &l->brisk, reading, blocked, &p[1])) {
        (void)!read(l->wake, &kicks, sizeof(kicks)); /* it is not blocking */
        return DONE;
    }
    if (!fw_pipe_arm(&l->pipe, reading, blocked, &p[0]))
        return DONE;
    n = poll(p, 2, wait);
    if (p[1].revents)
        (void)!read(l->wake, &kicks, sizeof(kicks));
    if ((p[0].revents & (POLLERR | POLLHUP | POLLNVAL)) ||
        (n == 0 && !l->familiar))
        return GONE;
    return n == 0 && fw_lobby_take(&lanes->lobby, l) ? PARKED : DONE;
}

/* Read and write what can be, or wait. */
static enum outcome turn(struct fw_lane *l)
{
    struct fw_call *c = l->call;
    enum outcome got = IDLE;
    bool reading;
    bool blocked;
    bool end;

    pthread_mutex_lock(&c->lock);
    if (l->blocked) {
        l->blocked = false;
        fw_lane_write(l);
    }
    blocked = l->blocked;
    reading = l->reading;
    end = c->gone || (c->ended && !l->n_out);
    pthread_mutex_unlock(&c->lock);
    if (end)
        return GONE;
    if (reading && l->greeted && frame_bytes(l) && l->have >= frame_bytes(l))
        return use(l) ? DONE : GONE;
    if (reading)
        got = receive(l);
    return got == IDLE ? rest(l, reading, blocked) : got;
}

static void *serve(void *arg)
{
    struct fw_lane *l = arg;
    struct fw_call *c = l->call;
    struct fw_lanes *lanes = &c->server->lanes;
    enum outcome got = DONE;

    /* whoever started us writes `thread` under the lock */
    pthread_mutex_lock(&c->lock);
    pthread_mutex_unlock(&c->lock);
    (void)pthread_setname_np(pthread_self(), "lane");
    if (!l->begun)
        c->method->start(c);
    else if (l->have && !use(l)) /* what the lobby has read */
        got = GONE;
    l->begun = true;
    while (got == DONE)
        got = turn(l);
    if (got == GONE) {
        fw_lanes_awake(lanes, -1);
        fw_lane_end(l);
    }
    return NULL;
}

struct fw_lane *fw_lane_create(struct fw_call *c, struct fw_pipe *take)
{
    struct fw_lane *l = fw_mem_array(1, sizeof(*l));

    if (!l) {
        fw_pipe_close(take);
        return NULL;
    }
    *l = (struct fw_lane){.call = c,
                          .pipe = *take,
                          .wake = -1,
                          .watched = -1,
                          .patience.born_ms = fw_clock_mono_ms()};
    fw_list_init(&l->link);
    fw_list_init(&l->called);
    return l;
}

fw_status fw_lane_run(struct fw_lane *l)
{
    struct fw_lanes *lanes = &l->call->server->lanes;
    pthread_attr_t attr;
    int failed;

    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->wake < 0)
        return FW_NOMEM;
    fw_lanes_awake(lanes, 1);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    failed = pthread_create(&l->thread, &attr, serve, l);
    pthread_attr_destroy(&attr);
    if (!failed)
        return FW_OK;
    fw_lanes_awake(lanes, -1);
    return FW_NOMEM;
}

fw_status fw_lane_start(struct fw_lane *l)
{
    fw_status s;

    pthread_mutex_lock(&l->call->lock);
    s = fw_lane_run(l);
    pthread_mutex_unlock(&l->call->lock);
    return s;
}
