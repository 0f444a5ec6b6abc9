#include "sdk/client/loop.h"

#include <grpc/support/time.h>

#include "sdk/base/clock.h"

#define LOOK_MS 200 /* without a tick */

/* Milliseconds the queue may be waited on: a tick may be set meanwhile.  Runs a
 * tick that is due. */
static int64_t run_tick(struct fw_loop *loop, int64_t *last_ms)
{
    int64_t now_ms = fw_clock_mono_ms();
    int64_t wait_ms = LOOK_MS;

    pthread_mutex_lock(&loop->lock);
    if (loop->tick && now_ms - *last_ms >= loop->tick_ms) {
        *last_ms = now_ms;
        loop->tick(loop->tick_user, now_ms);
    }
    if (loop->tick)
        wait_ms = *last_ms + loop->tick_ms - now_ms;
    pthread_mutex_unlock(&loop->lock);
    return wait_ms;
}

/* gRPC orders a start before its tag by means that the thread sanitizer and
 * the C standard do not know; this does it by one they know. */
static void order(struct fw_loop *loop)
{
    pthread_mutex_lock(&loop->handoff);
    pthread_mutex_unlock(&loop->handoff);
}

/* Runs until the queue is shut down and empty. */
static void *serve(void *arg)
{
    struct fw_loop *loop = arg;
    int64_t last_ms = fw_clock_mono_ms();

    for (;;) {
        gpr_timespec deadline = fw_deadline(run_tick(loop, &last_ms));
        grpc_event ev = grpc_completion_queue_next(loop->queue, deadline, NULL);
        struct fw_tag *tag = ev.tag;

        if (ev.type == GRPC_QUEUE_SHUTDOWN)
            return NULL;
        order(loop);
        if (ev.type == GRPC_OP_COMPLETE)
            tag->done(tag, ev.success != 0);
    }
}

fw_status fw_loop_init(struct fw_loop *loop, struct fw_err *err)
{
    *loop = (struct fw_loop){0};
    grpc_init();
    loop->queue = grpc_completion_queue_create_for_next(NULL);
    pthread_mutex_init(&loop->lock, NULL);
    pthread_mutex_init(&loop->handoff, NULL);
    if (pthread_create(&loop->thread, NULL, serve, loop) == 0)
        return FW_OK;
    grpc_completion_queue_shutdown(loop->queue);
    grpc_completion_queue_destroy(loop->queue);
    pthread_mutex_destroy(&loop->lock);
    pthread_mutex_destroy(&loop->handoff);
    grpc_shutdown();
    *loop = (struct fw_loop){0};
    return fw_err_set(err, FW_NOMEM, "cannot start a thread");
}

void fw_loop_close(struct fw_loop *loop)
{
    if (!loop->queue)
        return;
    grpc_completion_queue_shutdown(loop->queue);
    pthread_join(loop->thread, NULL);
    grpc_completion_queue_destroy(loop->queue);
    pthread_mutex_destroy(&loop->lock);
    pthread_mutex_destroy(&loop->handoff);
    grpc_shutdown();
    *loop = (struct fw_loop){0};
}

grpc_call_error fw_loop_start(struct fw_loop *loop, grpc_call *call,
                              const grpc_op *ops, size_t n, struct fw_tag *tag)
{
    order(loop);
    return grpc_call_start_batch(call, ops, n, tag, NULL);
}

void fw_loop_watch(struct fw_loop *loop, grpc_channel *channel,
                   grpc_connectivity_state from, int64_t ms, struct fw_tag *tag)
{
    order(loop);
    grpc_channel_watch_connectivity_state(channel, from, fw_deadline(ms),
                                          loop->queue, tag);
}

void fw_loop_tick(struct fw_loop *loop, int64_t ms, fw_tick_fn *tick,
                  void *user)
{
    pthread_mutex_lock(&loop->lock);
    loop->tick = tick;
    loop->tick_user = user;
    loop->tick_ms = ms;
    pthread_mutex_unlock(&loop->lock);
}

gpr_timespec fw_deadline(int64_t ms)
{
    if (ms < 0)
        return gpr_inf_future(GPR_CLOCK_MONOTONIC);
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                        gpr_time_from_millis(ms, GPR_TIMESPAN));
}
