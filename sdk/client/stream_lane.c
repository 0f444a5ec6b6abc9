#include "sdk/client/stream_lane.h"

#include <string.h>

#include "sdk/base/clock.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/reason.h"

/* The background thread may want something sent meanwhile. */
#define PAUSE_MS 100

void fw_stream_lane_end(struct fw_stream *st, fw_status s,
                        const struct fw_err *why)
{
    if (st->ended)
        return;
    st->over = true;
    st->ended = true;
    st->sending = false;
    st->receiving = false;
    if (st->status == FW_OK && s != FW_OK) {
        st->status = s;
        st->err = *why;
    }
    fw_lane_close(&st->lane);
    if (st->events->ended)
        st->events->ended(st->user);
    pthread_cond_broadcast(&st->waiter.changed);
}

static void on_sent(void *user)
{
    struct fw_stream *st = user;

    st->sending = false;
    if (st->events->sent)
        st->events->sent(st->user);
}

static void on_received(void *user, const uint8_t *data, size_t n)
{
    struct fw_stream *st = user;
    struct fw_span span = {data, n};
    struct fw_message m = {.spans = &span, .n_spans = 1, .n_bytes = n};

    st->receiving = false;
    if (st->events->received)
        st->events->received(st->user, &m);
    pthread_cond_broadcast(&st->waiter.changed);
}

/* What the server's last word means. */
static void on_over(void *user, const uint8_t *data, size_t n)
{
    struct fw_stream *st = user;
    struct fw_err why = {0};
    fw_status s = FW_OK;

    if (n) {
        fw_decode_error(data, n, &why);
        s = fw_reason_status(why.reason);
    }
    fw_stream_lane_end(st, s, &why);
}

static void on_broke(void *user, const char *text)
{
    struct fw_err why;

    (void)fw_err_set(&why, FW_UNAVAILABLE, "the lane broke: %s", text);
    fw_stream_lane_end(user, FW_UNAVAILABLE, &why);
}

static bool wants(void *user)
{
    const struct fw_stream *st = user;

    return st->receiving && !st->over;
}

static void *land(void *user, const uint8_t *data, size_t n, size_t total,
                  size_t *skip)
{
    struct fw_stream *st = user;
    struct fw_span seen = {data, n};

    return st->events->land ? st->events->land(st->user, &seen, total, skip)
                            : NULL;
}

static void landed(void *user)
{
    struct fw_stream *st = user;

    st->receiving = false;
    st->events->landed(st->user);
    pthread_cond_broadcast(&st->waiter.changed);
}

static const struct fw_lane_events lane_events = {
    on_sent, on_received, on_over, on_broke, wants, land, landed};

void fw_stream_take_off(struct fw_stream *st)
{
    struct fw_err why;

    if (!st->on_lane || st->ended || !st->lane.land)
        return;
    (void)fw_err_set(&why, FW_UNAVAILABLE, "parameters nobody waits for");
    fw_stream_lane_end(st, FW_UNAVAILABLE, &why);
}

bool fw_stream_lane_open(struct fw_stream *st, const char *address)
{
    struct fw_err why;

    st->on_lane = false;
    if (!fw_lane_place_any(&st->place))
        return false;
    st->on_lane = fw_lane_open(&st->lane, address, &st->place, &lane_events, st,
                               &why) == FW_OK;
    if (!st->on_lane) /* not again before the next Join */
        st->place = (struct fw_lane_place){.port = 0};
    return st->on_lane;
}

void fw_stream_lane_pause(struct fw_stream *st, int64_t until_ms)
{
    int64_t wait_ms = until_ms - fw_clock_mono_ms();

    if (fw_lane_turn(&st->lane) || wait_ms <= 0 || st->ended)
        return;
    fw_lane_wait(&st->lane, &st->waiter.lock,
                 wait_ms < PAUSE_MS ? (int)wait_ms : PAUSE_MS);
}
