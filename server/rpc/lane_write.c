/* What a lane sends; the call's lock is held. */
#include "server/rpc/lane.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/reason.h"
#include "server/rpc/server.h"

/* Longer messages are the thread's to write. */
#define EAGER_BYTES (64u << 10)

void fw_lane_kick(struct fw_lane *l)
{
    uint64_t one = 1;

    if (pthread_equal(pthread_self(), l->thread))
        return;
    if (l->parked)
        fw_lobby_call(&l->call->server->lanes.lobby, l);
    else if (l->wake >= 0)
        (void)!write(l->wake, &one, sizeof(one)); /* it cannot overflow */
}

static void put_frame(struct fw_lane *l, grpc_byte_buffer *take, uint32_t mark)
{
    struct fw_frame *f = &l->out[l->n_out++];
    size_t n = take ? grpc_byte_buffer_length(take) : 0;

    f->body = take;
    f->n = FW_FRAME_HEAD + n;
    fw_frame_put(f->head, (uint32_t)n | mark);
}

static void put_end(struct fw_lane *l)
{
    struct fw_call *c = l->call;
    struct fw_bytes packed = {0};
    int code;

    c->ended = true;
    if (c->end_status == FW_OK) {
        put_frame(l, NULL, FW_FRAME_END);
        return;
    }
    code = fw_reason_grpc_code(c->end_status, &c->end_error);
    if (fw_encode_error(code, &c->end_error, c->end_retry_ms, &packed) == FW_OK)
        put_frame(l, fw_buffer_copy(&packed), FW_FRAME_END);
    else
        c->gone = true; /* without memory the client is told nothing */
    fw_bytes_close(&packed);
}

/* Take what the stream has to send, as much as one call may write. */
static void fill(struct fw_lane *l)
{
    struct fw_call *c = l->call;

    while (l->n_out < FW_LANE_FRAMES && !c->ended) {
        grpc_byte_buffer *next = c->method->next(c);

        if (next)
            put_frame(l, next, 0);
        else if (c->ending)
            put_end(l);
        else
            return;
        if (l->out[l->n_out - 1].n > EAGER_BYTES)
            return;
    }
}

/* The pieces that were not written yet. */
static size_t gather(struct fw_lane *l, struct iovec *to)
{
    size_t skip = l->written;
    size_t n = 0;

    for (unsigned i = 0; i < l->n_out; i++) {
        struct fw_frame *f = &l->out[i];
        grpc_slice_buffer *s = f->body ? &f->body->data.raw.slice_buffer : NULL;

        if (n + 1 + (s ? s->count : 0) > FW_LANE_PIECES)
            break;
        to[n++] = (struct iovec){f->head, FW_FRAME_HEAD};
        for (size_t k = 0; s && k < s->count; k++)
            to[n++] = (struct iovec){GRPC_SLICE_START_PTR(s->slices[k]),
                                     GRPC_SLICE_LENGTH(s->slices[k])};
    }
    for (size_t i = 0; i < n && skip; i++) {
        size_t here = skip < to[i].iov_len ? skip : to[i].iov_len;

        to[i].iov_base = (char *)to[i].iov_base + here;
        to[i].iov_len -= here;
        skip -= here;
    }
    return n;
}

/* n more bytes were written. */
static void advance(struct fw_lane *l, size_t n)
{
    unsigned done = 0;

    l->written += n;
    while (done < l->n_out && l->written >= l->out[done].n) {
        l->written -= l->out[done].n;
        if (l->out[done].body)
            grpc_byte_buffer_destroy(l->out[done].body);
        done++;
    }
    l->n_out -= done;
    memmove(l->out, l->out + done, l->n_out * sizeof(l->out[0]));
}

/* One system call, with the lock let go: `writing` keeps others off.  What
 * fw_pipe_send returned; *error is its errno. */
static ssize_t write_some(struct fw_lane *l, int *error)
{
    struct iovec pieces[FW_LANE_PIECES];
    size_t n_pieces = gather(l, pieces);
    ssize_t n;

    pthread_mutex_unlock(&l->call->lock);
    n = fw_pipe_send(&l->pipe, pieces, n_pieces);
    *error = errno;
    pthread_mutex_lock(&l->call->lock);
    return n;
}

/* The client has taken n bytes; n 0: it takes none. */
static void took(struct fw_lane *l, size_t n)
{
    struct fw_call *c = l->call;
    bool stuck = __atomic_load_n(&c->stuck_ms, __ATOMIC_RELAXED) != 0;

    l->taken += n;
    if (!n && !stuck) {
        l->taken = 0;
        fw_call_stuck(c, true);
    } else if (stuck && n &&
               (!l->n_out || l->taken >= c->server->deadlines.progress_bytes)) {
        fw_call_stuck(c, false);
    }
}

/* Leave it to the lane's thread. */
static void put_off(struct fw_lane *l)
{
    l->blocked = true;
    fw_lane_kick(l);
}

void fw_lane_write(struct fw_lane *l)
{
    bool mine = !l->parked && pthread_equal(pthread_self(), l->thread);
    int error = 0;

    if (l->writing || l->blocked)
        return; /* who writes looks for more */
    l->writing = true;
    while (!l->call->gone) {
        ssize_t n;

        if (!l->n_out)
            fill(l);
        if (!l->n_out)
            break;
        if (!mine && l->out[l->n_out - 1].n > EAGER_BYTES) {
            put_off(l);
            break;
        }
        n = write_some(l, &error);
        if (n >= 0) {
            fw_jobs_count(l->call->server->jobs, 0, (size_t)n);
            advance(l, (size_t)n);
            took(l, (size_t)n);
        } else if (error == EAGAIN) {
            took(l, 0);
            put_off(l);
            break;
        } else if (error != EINTR) {
            l->call->gone = true;
            fw_lane_kick(l);
        }
    }
    l->writing = false;
    if (l->call->ended && !l->n_out)
        fw_lane_kick(l); /* to end */
}
