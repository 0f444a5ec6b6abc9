#include "server/rpc/train_lease.h"

#include "sdk/base/clock.h"
#include "server/rpc/train_outbox.h"

#define TOUCH_EVERY_MS 1000  /* leases are renewed at most this often */
#define BEAT_EVERY_MS  10000 /* heartbeats are answered at most this often */
#define OF_MEMBER(p, member)                                                   \
    ((struct fw_train *)((char *)(p)-offsetof(struct fw_train, member)))

static void run_touch(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct fw_train *t = OF_MEMBER(l, touch_letter);
    struct fw_err err;
    fw_status s = fw_job_touch(job, t->epoch, now_ms, &err);

    pthread_mutex_lock(&t->call->lock);
    t->touching = false;
    pthread_mutex_unlock(&t->call->lock);
    if (s != FW_OK)
        fw_call_finish(t->call, s, &err);
    fw_call_unref(t->call);
}

static void drop_touch(struct fw_letter *l)
{
    struct fw_train *t = OF_MEMBER(l, touch_letter);

    fw_train_job_is_gone(t);
    fw_call_unref(t->call);
}

void fw_train_lease_init(struct fw_train *t)
{
    t->touch_letter =
        (struct fw_letter){.run = run_touch, .quiet = true, .drop = drop_touch};
}

void fw_train_beat(struct fw_train *t)
{
    static const struct fw_train_response beat = {.kind = FW_TRAIN_HEARTBEAT};
    int64_t now_ms = fw_clock_mono_ms();

    if (t->beat_ms && now_ms - t->beat_ms < BEAT_EVERY_MS)
        return;
    t->beat_ms = now_ms;
    fw_train_answer(t, &beat);
}

void fw_train_touch(struct fw_train *t)
{
    int64_t now_ms = fw_clock_mono_ms();
    bool busy;

    if (!t->epoch || now_ms - t->touched_ms < TOUCH_EVERY_MS)
        return;
    pthread_mutex_lock(&t->call->lock);
    busy = t->touching;
    t->touching = true;
    pthread_mutex_unlock(&t->call->lock);
    if (busy)
        return;
    t->touched_ms = now_ms;
    fw_train_do(t, &t->touch_letter);
}
