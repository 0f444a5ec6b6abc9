#include "server/rpc/train_lease.h"

#include "sdk/base/clock.h"
#include "server/rpc/train_outbox.h"
#include "server/rpc/unread.h"

#define TOUCH_EVERY_MS 1000  /* leases are renewed at most this often */
#define BEAT_EVERY_MS  60000 /* heartbeats are answered at most this often */
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

static void run_look(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct fw_train *t = OF_MEMBER(l, look_letter);
    bool in_line = __atomic_load_n(&t->in_line, __ATOMIC_RELAXED);
    struct fw_err err;
    fw_status s = in_line && !fw_call_over(t->call)
                      ? fw_job_touch(job, t->epoch, now_ms, &err)
                      : fw_job_check(job, t->epoch, &err);

    pthread_mutex_lock(&t->call->lock);
    t->looking = false;
    pthread_mutex_unlock(&t->call->lock);
    if (s != FW_OK)
        fw_call_finish(t->call, s, &err);
    fw_call_unref(t->call);
}

static void drop_look(struct fw_letter *l)
{
    struct fw_train *t = OF_MEMBER(l, look_letter);

    fw_train_job_is_gone(t);
    fw_call_unref(t->call);
}

void fw_train_lease_init(struct fw_train *t)
{
    t->touch_letter =
        (struct fw_letter){.run = run_touch, .quiet = true, .drop = drop_touch};
    t->look_letter =
        (struct fw_letter){.run = run_look, .quiet = true, .drop = drop_look};
}

/* Look when it was silent for a lease from now. */
static void look_later(struct fw_train *t, int64_t now_ms)
{
    fw_call_look_at(t->call,
                    now_ms + fw_job_thread_spec(t->job)->limits.lease_ms);
}

void fw_train_heard(struct fw_train *t, int64_t now_ms)
{
    t->touched_ms = now_ms;
    look_later(t, now_ms);
}

void fw_train_stand(struct fw_train *t, bool in_line)
{
    __atomic_store_n(&t->in_line, in_line, __ATOMIC_RELAXED);
    if (in_line)
        fw_call_look_at(t->call, FW_CALL_LOOK_NOW);
    else
        look_later(t, fw_clock_mono_ms());
}

/* Does nobody look yet, and is there something to look at? */
static bool begin_look(struct fw_call *c)
{
    struct fw_train *t = c->state;
    bool begins;

    pthread_mutex_lock(&c->lock);
    begins = t->open && !t->looking && !c->gone && !c->ending;
    t->looking = t->looking || begins;
    pthread_mutex_unlock(&c->lock);
    return begins;
}

void fw_train_look(struct fw_call *c, int64_t now_ms)
{
    struct fw_train *t = c->state;

    fw_unread_look(c, &t->transfer, now_ms);
    if (!fw_call_due(c, now_ms) || !begin_look(c))
        return;
    fw_call_ref(c);
    if (fw_job_thread_post(t->job, &t->look_letter) == FW_OK)
        return;
    pthread_mutex_lock(&c->lock);
    t->looking = false; /* another time */
    pthread_mutex_unlock(&c->lock);
    fw_call_unref(c);
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
    fw_train_heard(t, now_ms);
    fw_train_do(t, &t->touch_letter);
}
