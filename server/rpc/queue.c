#include "server/rpc/queue.h"

#include "sdk/base/clock.h"
#include "server/rpc/call.h"

#define LOOK_MAX 64  /* events that are put in line at a time */
#define LOOK_US  100 /* between looks: one costs gRPC a turn of its own */

static void run(struct fw_tag *tag, bool ok)
{
    tag->done(tag, ok);
}

/* What one thread wrote before it handed the tag to gRPC is seen. */
static struct fw_tag *take_tag(const grpc_event *ev)
{
    struct fw_tag *tag = ev->tag;

    (void)__atomic_load_n(&tag->handed, __ATOMIC_ACQUIRE);
    return tag;
}

void *fw_queue_serve(void *arg)
{
    struct fw_queue *q = arg;
    gpr_timespec forever = gpr_inf_future(GPR_CLOCK_REALTIME);

    for (;;) {
        grpc_event ev = grpc_completion_queue_next(q->queue, forever, NULL);

        if (ev.type == GRPC_QUEUE_SHUTDOWN)
            return NULL;
        if (ev.type == GRPC_OP_COMPLETE)
            run(take_tag(&ev), ev.success != 0);
    }
}

/* Put in line what has come; false: nothing more will. */
static bool look(struct fw_queue *q)
{
    gpr_timespec now = gpr_time_0(GPR_CLOCK_REALTIME);

    for (int i = 0; i < LOOK_MAX; i++) {
        grpc_event ev = grpc_completion_queue_next(q->queue, now, NULL);
        struct fw_tag *tag;

        if (ev.type == GRPC_QUEUE_SHUTDOWN)
            return false;
        if (ev.type != GRPC_OP_COMPLETE)
            break;
        tag = take_tag(&ev);
        tag->ok = ev.success != 0;
        fw_turns_see(&q->turns, tag->turn.whose);
        fw_turns_put(&q->turns, &tag->turn);
    }
    return true;
}

/* Some turns, until it is time to look who has come meanwhile. */
static void serve_some(struct fw_queue *q)
{
    int64_t since_us = fw_clock_mono_us();
    struct fw_turn *turn;

    while (q->blind_us < LOOK_US && (turn = fw_turns_take(&q->turns))) {
        struct fw_tag *tag = FW_LIST_ITEM(turn, struct fw_tag, turn);
        int64_t now_us;

        run(tag, tag->ok);
        now_us = fw_clock_mono_us();
        fw_turns_charge(&q->turns, now_us - since_us);
        q->blind_us += now_us - since_us;
        since_us = now_us;
    }
}

/* Wait for the next event, and serve it at once while there is but one job;
 * false: nothing more will come. */
static bool wait_for_one(struct fw_queue *q)
{
    gpr_timespec forever = gpr_inf_future(GPR_CLOCK_REALTIME);
    grpc_event ev = grpc_completion_queue_next(q->queue, forever, NULL);
    struct fw_tag *tag;

    if (ev.type != GRPC_OP_COMPLETE)
        return ev.type != GRPC_QUEUE_SHUTDOWN;
    tag = take_tag(&ev);
    fw_turns_see(&q->turns, tag->turn.whose);
    if (fw_turns_mixed(&q->turns)) {
        tag->ok = ev.success != 0;
        fw_turns_put(&q->turns, &tag->turn);
    } else {
        run(tag, ev.success != 0);
    }
    return true;
}

void *fw_queue_serve_in_turns(void *arg)
{
    struct fw_queue *q = arg;
    bool more = true;

    while (more || q->turns.n) {
        if (!q->turns.n)
            more = wait_for_one(q);
        if (!q->turns.n)
            continue;
        serve_some(q);
        if (q->blind_us >= LOOK_US) {
            q->blind_us = 0;
            more = more && look(q);
        }
    }
    return NULL;
}
