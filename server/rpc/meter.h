/* meter.h - does a connection send more than anybody asked for?
 *
 * gRPC takes memory for every stream that a client opens and resets at once
 * ("rapid reset", CVE-2023-44487), whatever its limits say, and long before the
 * application sees a call.  What the application does see is what it accepted:
 * so the bytes that a connection has received are set against the bytes that
 * were credited to it, in a bucket that leaks.
 *
 *     level += received - credited - acknowledged / 32 - 32 KiB/s * time
 *
 * never below 0; above 64 KiB (and 16 MiB for each bulk stream that has sent a
 * message, whose data gRPC may hold before it is taken, and the same once more
 * for those that ended of late; 4 MiB while the first message of one is on its
 * way) the connection is cut.  But a call may be on its way through gRPC: so
 * that has to last for a moment, or for some more bytes, and longer on a
 * connection of which something was accepted before.  A client that reads pays
 * one window update for each so many bytes: that is the share of what was
 * acknowledged.  One that has made no call some seconds after it came is cut,
 * too, and one that drips: a call is open whose first message has not come, no
 * other has, and next to no bytes have (struct fw_deadlines).
 *
 * Layer: server/rpc.  Thread: credit, stream and call counts by any; the rest
 * by one, the listener's.  Plain data. */
#ifndef FW_RPC_METER_H
#define FW_RPC_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "server/store/config.h"

#define FW_METER_SLACK  (64u << 10)
#define FW_METER_STREAM (16u << 20)
#define FW_METER_FIRST  (4u << 20) /* what gRPC lets a new stream send */
/* What gRPC may take to tell of a call, and what may come meanwhile; of those
 * that nothing was accepted of yet, and of those that behaved so far. */
#define FW_METER_LATE_MS   250
#define FW_METER_LATE      (1u << 20)
#define FW_METER_KNOWN_MS  1000
#define FW_METER_KNOWN     FW_METER_FIRST
#define FW_METER_RATE      (32u << 10) /* bytes/s for pings and headers */
#define FW_METER_ACK_SHARE 32

struct fw_meter {
    uint64_t credited; /* atomic: bytes that were accepted */
    uint32_t calls;    /* atomic: that were let in, ever */
    uint32_t waiting;  /* atomic: calls whose first message has not come */
    uint32_t begun;    /* atomic: of those, streams of bulk */
    uint32_t streams;  /* atomic: of bulk that are open and sent a message */
    uint32_t ended;    /* atomic: such streams that are not any more */
    int64_t born_ms;
    int64_t moved_ms;  /* when nothing was waited for, or enough had come */
    uint64_t moved;    /* credit then */
    uint64_t brought;  /* bytes received then */
    int64_t seen_ms;   /* last look */
    uint64_t received; /* at the last look */
    uint64_t acked;    /* at the last look */
    uint64_t paid;     /* credit at the last look */
    uint32_t gone;     /* of `ended` at the last look */
    double grace;      /* bytes that streams left behind; falls as level does */
    double level;      /* bytes */
    int64_t over_ms;   /* since when too much; 0: it is not */
};

enum fw_verdict {
    FW_VERDICT_STAY,
    FW_VERDICT_FLOOD,
    FW_VERDICT_SILENT,
};

void fw_meter_open(struct fw_meter *m, int64_t now_ms);

/* `bytes` of the connection have been accepted. */
static inline void fw_meter_credit(struct fw_meter *m, uint64_t bytes)
{
    __atomic_add_fetch(&m->credited, bytes, __ATOMIC_RELAXED);
}

static inline bool fw_meter_credited(struct fw_meter *m)
{
    return __atomic_load_n(&m->credited, __ATOMIC_RELAXED) != 0;
}

/* A bulk stream has sent its first message; it has ended. */
static inline void fw_meter_stream(struct fw_meter *m)
{
    __atomic_add_fetch(&m->streams, 1, __ATOMIC_RELAXED);
}

static inline void fw_meter_stream_end(struct fw_meter *m)
{
    __atomic_add_fetch(&m->ended, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&m->streams, 1, __ATOMIC_RELEASE);
}

/* Has there ever been one? */
static inline bool fw_meter_streamed(struct fw_meter *m)
{
    return __atomic_load_n(&m->streams, __ATOMIC_RELAXED) ||
           __atomic_load_n(&m->ended, __ATOMIC_RELAXED);
}

/* A look: bytes received by the socket, and those sent that the other side has
 * acknowledged, since it was opened. */
enum fw_verdict fw_meter_look(struct fw_meter *m, uint64_t received,
                              uint64_t acked, int64_t now_ms);

/* A call was let in; its first message has come, and fw_meter_stream was told
 * before, or it never will. */
static inline void fw_meter_call(struct fw_meter *m, bool bulk)
{
    __atomic_add_fetch(&m->begun, bulk, __ATOMIC_RELAXED);
    __atomic_add_fetch(&m->calls, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&m->waiting, 1, __ATOMIC_RELAXED);
}

static inline void fw_meter_call_heard(struct fw_meter *m, bool bulk)
{
    __atomic_sub_fetch(&m->begun, bulk, __ATOMIC_RELEASE);
    __atomic_sub_fetch(&m->waiting, 1, __ATOMIC_RELAXED);
}

/* Has it made no call for too long since it came, or does it drip? */
enum fw_verdict fw_meter_wait(struct fw_meter *m, const struct fw_deadlines *d,
                              int64_t now_ms);

#endif
