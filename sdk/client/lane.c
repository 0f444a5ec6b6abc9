#include "sdk/client/lane.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <grpc/byte_buffer.h>
#include <grpc/slice.h>

#include "sdk/wire/chunk.h"

#define IN_BYTES   (64u << 10)    /* to begin with; grows to a message */
#define LONG_BYTES (IN_BYTES / 2) /* longer messages may land */
#define PEEK_BYTES ((size_t)FW_CHUNK_HEAD_MAX + FW_FRAME_HEAD)
#define PIECES     8 /* of memory that a message may have */
#define FRAME_MAX  (FW_MESSAGE_MAX_BYTES + 65536) /* room for newer servers */

fw_status fw_lane_open(struct fw_lane *l, const char *address,
                       const struct fw_lane_place *at,
                       const struct fw_lane_events *events, void *user,
                       struct fw_err *err)
{
    fw_status s;

    *l = (struct fw_lane){
        .tls = l->tls,
        .pipe.fd = -1,
        .events = events,
        .user = user,
        .waiting = l->waiting,
        .brisk = l->brisk,
    };
    s = fw_lane_place_connect(at, address, l->tls, &l->pipe, err);
    if (s != FW_OK)
        return s;
    l->in = malloc(IN_BYTES);
    l->room = IN_BYTES;
    if (!l->in) {
        fw_lane_close(l);
        return fw_err_set(err, FW_NOMEM, "no memory for a lane");
    }
    return FW_OK;
}

static void end_message(struct fw_lane *l)
{
    if (l->out)
        grpc_byte_buffer_destroy(l->out);
    l->out = NULL;
}

void fw_lane_close(struct fw_lane *l)
{
    end_message(l);
    free(l->in);
    l->in = NULL;
    if (l->pipe.fd >= 0 && l->waiting) {
        (void)shutdown(l->pipe.fd, SHUT_RDWR); /* who waits for it closes it */
        l->pipe = (struct fw_pipe){.fd = -1};
    }
    fw_pipe_close(&l->pipe);
}

/* --- writing --- */

void fw_lane_send(struct fw_lane *l, grpc_byte_buffer *take)
{
    size_t n = 0;

    if (!l->greeted) {
        memcpy(l->head, FW_LANE_PREFACE, FW_LANE_PREFACE_BYTES);
        n = FW_LANE_PREFACE_BYTES;
        l->greeted = true;
    }
    fw_frame_put(l->head + n, (uint32_t)grpc_byte_buffer_length(take));
    l->n_head = n + FW_FRAME_HEAD;
    l->out = take;
    l->written = 0;
}

/* The pieces that were not written yet; at most PIECES. */
static size_t gather(struct fw_lane *l, struct iovec *to)
{
    grpc_slice_buffer *s = &l->out->data.raw.slice_buffer;
    size_t skip = l->written;
    size_t n = 0;

    to[n++] = (struct iovec){l->head, l->n_head};
    for (size_t k = 0; k < s->count && n < PIECES; k++)
        to[n++] = (struct iovec){GRPC_SLICE_START_PTR(s->slices[k]),
                                 GRPC_SLICE_LENGTH(s->slices[k])};
    for (size_t i = 0; i < n && skip; i++) {
        size_t here = skip < to[i].iov_len ? skip : to[i].iov_len;

        to[i].iov_base = (char *)to[i].iov_base + here;
        to[i].iov_len -= here;
        skip -= here;
    }
    return n;
}

static void broke(struct fw_lane *l, const char *why)
{
    end_message(l);
    l->events->broke(l->user, why);
}

/* One system call; true if it wrote something. */
static bool write_some(struct fw_lane *l)
{
    struct iovec pieces[PIECES];
    size_t n_pieces = gather(l, pieces);
    ssize_t n = fw_pipe_send(&l->pipe, pieces, n_pieces);

    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            broke(l, fw_pipe_trouble(&l->pipe));
        return false;
    }
    l->written += (size_t)n;
    if (l->written == l->n_head + grpc_byte_buffer_length(l->out)) {
        end_message(l);
        l->events->sent(l->user);
    }
    return true;
}

/* --- reading --- */

/* Bytes of the frame that begins at `in`, with its head; 0: not known yet. */
static size_t frame_bytes(const struct fw_lane *l)
{
    return l->have < FW_FRAME_HEAD
               ? 0
               : FW_FRAME_HEAD + (size_t)(fw_frame_get(l->in) & ~FW_FRAME_END);
}

static bool make_room(struct fw_lane *l, size_t want)
{
    uint8_t *in;

    if (want <= l->room)
        return true;
    in = realloc(l->in, want);
    if (!in)
        return false;
    l->in = in;
    l->room = want;
    return true;
}

/* Hand on the first frame if it is whole and wanted. */
static bool deliver(struct fw_lane *l)
{
    size_t n = frame_bytes(l);
    const uint8_t *body = l->in + FW_FRAME_HEAD;

    if (!n || l->have < n)
        return false;
    if (fw_frame_get(l->in) & FW_FRAME_END) {
        l->events->over(l->user, body, n - FW_FRAME_HEAD);
        return true;
    }
    if (!l->events->wants(l->user))
        return false;
    l->events->received(l->user, body, n - FW_FRAME_HEAD);
    if (l->pipe.fd < 0)
        return true;
    l->have -= n;
    memmove(l->in, l->in + n, l->have);
    return true;
}

/* Have the rest of a message go where it belongs, if the owner knows. */
static bool try_land(struct fw_lane *l)
{
    size_t n = l->have - FW_FRAME_HEAD;
    size_t total = frame_bytes(l) - FW_FRAME_HEAD;
    size_t skip = 0;

    if (l->have < PEEK_BYTES || total < LONG_BYTES || total <= n ||
        (fw_frame_get(l->in) & FW_FRAME_END) || !l->events->wants(l->user))
        return false;
    l->land = l->events->land(l->user, l->in + FW_FRAME_HEAD, n, total, &skip);
    if (!l->land)
        return false;
    memcpy(l->land, l->in + FW_FRAME_HEAD + skip, n - skip);
    l->land += n - skip;
    l->left = total - n;
    l->have = 0;
    return true;
}

/* What came of a recv; true if it was something. */
static bool took(struct fw_lane *l, ssize_t n)
{
    if (n > 0) {
        fw_brisk_found(&l->brisk);
        return true;
    }
    if (n == 0)
        broke(l, "the connection was closed");
    else if (errno != EAGAIN && errno != EINTR)
        broke(l, fw_pipe_trouble(&l->pipe));
    return n == 0;
}

static bool read_landing(struct fw_lane *l)
{
    ssize_t n = fw_pipe_receive(&l->pipe, l->land, l->left);

    if (n > 0) {
        l->land += n;
        l->left -= (size_t)n;
        if (!l->left) {
            l->land = NULL;
            l->bulky = true;
            l->events->landed(l->user);
        }
    }
    return took(l, n);
}

/* One system call; true if it read something.  Of a long frame no byte is read
 * too many, so that nothing long has to be moved. */
static bool read_some(struct fw_lane *l)
{
    size_t want = frame_bytes(l);
    ssize_t n;

    if (want > FRAME_MAX) {
        broke(l, "the server does not speak our language");
        return true;
    }
    if (l->land)
        return read_landing(l);
    if (try_land(l))
        return true;
    if (!want && l->bulky)
        want = PEEK_BYTES;
    else if (want < IN_BYTES)
        want = IN_BYTES;
    l->bulky = l->bulky && want == PEEK_BYTES;
    if (want <= l->have)
        return false; /* whole, but not wanted yet */
    if (!l->have && fw_pipe_was_drained(&l->pipe))
        return false;
    if (!make_room(l, want)) {
        broke(l, "no memory for a message");
        return true;
    }
    n = fw_pipe_receive(&l->pipe, l->in + l->have, want - l->have);
    if (n > 0)
        l->have += (size_t)n;
    return took(l, n);
}

bool fw_lane_turn(struct fw_lane *l)
{
    bool any = false;

    if (l->turning || l->pipe.fd < 0)
        return false;
    l->turning = true;
    while (l->pipe.fd >= 0) {
        bool moved = l->out && write_some(l);

        moved = (l->pipe.fd >= 0 && deliver(l)) || moved;
        if (!moved && l->pipe.fd >= 0)
            moved = read_some(l);
        any = any || moved;
        if (!moved)
            break;
    }
    l->turning = false;
    return any;
}

void fw_lane_look(struct fw_lane *l)
{
    struct pollfd p;

    (void)fw_lane_turn(l);
    if (l->pipe.fd >= 0)
        (void)fw_pipe_arm(&l->pipe, true, l->out != NULL, &p);
}

void fw_lane_wait(struct fw_lane *l, pthread_mutex_t *lock, int wait_ms)
{
    struct fw_pipe mine = l->pipe;
    bool writing = l->out != NULL;
    bool bulk = !mine.ways->look && (writing || l->land || l->bulky);
    struct fw_brisk brisk = l->brisk; /* others may find something */
    struct pollfd p;

    l->waiting = true;
    pthread_mutex_unlock(lock);
    if (!bulk && fw_pipe_again(&mine, &brisk, true, writing, NULL))
        wait_ms = 0;
    pthread_mutex_lock(lock);
    if (!l->brisk.since_us)
        l->brisk.since_us = brisk.since_us;
    if (wait_ms && l->pipe.fd == mine.fd &&
        fw_pipe_arm(&l->pipe, true, l->out != NULL, &p)) {
        pthread_mutex_unlock(lock);
        (void)poll(&p, 1, wait_ms);
        pthread_mutex_lock(lock);
    }
    l->waiting = false;
    if (l->pipe.fd != mine.fd)
        fw_pipe_close(&mine);
}
