#include "server/rpc/train_push.h"

#include <stddef.h>

#include "sdk/base/clock.h"
#include "sdk/base/log.h"
#include "sdk/wire/reason.h"
#include "server/rpc/train_outbox.h"
#include "server/rpc/train_pace.h"

bool fw_train_is_done(const struct fw_train *t)
{
    bool busy = false;

    for (int i = 0; i < FW_PUSHES; i++)
        busy = busy || t->pushes[i].busy;
    return t->closing && !busy;
}

/* A push is back: its slot is free, and reading goes on if it had stopped. */
static void push_is_back(struct fw_push *p)
{
    struct fw_train *t = p->train;
    bool starved;
    bool done;

    pthread_mutex_lock(&t->call->lock);
    p->busy = false;
    starved = t->starved;
    t->starved = false;
    done = fw_train_is_done(t);
    pthread_mutex_unlock(&t->call->lock);
    if (starved)
        fw_train_read_on(t);
    if (done)
        fw_call_finish(t->call, FW_OK, NULL);
}

/* Tell the worker what became of it, with the parameters it is to use next if
 * it wants them. */
static void answer(struct fw_push *p, struct fw_job *job,
                   const struct fw_gradient_ack *ack, int64_t now_ms)
{
    struct fw_train *t = p->train;
    struct fw_train_response m = {.kind = FW_TRAIN_ACK, .ack = *ack};
    struct fw_version *base = NULL;

    if (p->want_parameters && !ack->reason[0] && !p->early)
        base = fw_job_base(job, t->epoch, now_ms);
    fw_train_answer_with(t, &m, base);
}

/* Blocks of the next version are there: they may go to the worker.  What it is
 * told by the acknowledgement is known after the last one, so that comes behind
 * them; the library on the other end of a lane takes it so. */
static void on_block(struct fw_step_watch *w, struct fw_version *next,
                     uint32_t n)
{
    struct fw_push *p =
        (struct fw_push *)((char *)w - offsetof(struct fw_push, watch));

    fw_train_show(p->train, next, n - 1, n, &p->early);
}

/* Watch the step if its version is what the worker will want, and large. */
static void watch(struct fw_push *p, struct fw_job *job)
{
    const struct fw_train *t = p->train;

    if (p->gather->wave)
        return; /* all was shown while it came */
    p->early = false;
    if (t->call->lane && p->want_parameters && p->gather->n_blocks > 1 &&
        !fw_groups_on(&job->groups))
        job->optimizer.watch = &p->watch;
}

/* Parameters were sent that the step was to make: if it was not made, the
 * stream must end, so that the worker does not believe them. */
static fw_status stand_by(const struct fw_job *job, fw_status s,
                          const struct fw_gradient_ack *ack, struct fw_err *err)
{
    if (s == FW_OK && (ack->reason[0] || ack->duplicate))
        s = FW_REFUSE(err, OVERTAKEN, "parameters were sent that will not be");
    if (s != FW_OK)
        fw_log(FW_LOG_INFO, "overtaken", "job=%s sequence=%llu reason=%s",
               job->spec.name, (unsigned long long)ack->sequence,
               ack->reason[0] ? ack->reason : err->reason);
    return s;
}

static void run_push(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct fw_push *p = (struct fw_push *)l; /* letter is first */
    struct fw_train *t = p->train;
    struct fw_call *c = t->call;
    struct fw_gather *take = p->gather;
    struct fw_gradient_ack ack;
    struct fw_err err;
    fw_status s;

    watch(p, job);
    p->gather = NULL;
    s = fw_job_push(job, t->epoch, take, now_ms, &ack, &err);
    job->optimizer.watch = NULL;
    if (p->early)
        s = stand_by(job, s, &ack, &err);
    if (s == FW_BUSY) { /* until its group has stepped */
        fw_job_hold(job, t->epoch, &p->held);
        return;
    }
    fw_job_thread_publish(t->job); /* before anybody knows of it */
    if (s == FW_OK)
        answer(p, job, &ack, now_ms);
    else
        fw_call_finish(c, s, &err);
    push_is_back(p);
    fw_call_unref(c);
}

/* The group has stepped; perhaps a worker's letter of this moment did it. */
static void run_held(struct fw_held *h, struct fw_job *job,
                     const struct fw_gradient_ack *ack)
{
    struct fw_push *p =
        (struct fw_push *)((char *)h - offsetof(struct fw_push, held));
    struct fw_call *c = p->train->call;

    fw_job_thread_publish(p->train->job);
    answer(p, job, ack, fw_clock_mono_ms());
    push_is_back(p);
    fw_call_unref(c);
}

static void let_go(struct fw_push *p)
{
    struct fw_call *c = p->train->call;

    fw_gather_close(p->gather);
    p->gather = NULL;
    fw_train_job_is_gone(p->train);
    push_is_back(p);
    fw_call_unref(c);
}

static void drop_held(struct fw_held *h)
{
    let_go((struct fw_push *)((char *)h - offsetof(struct fw_push, held)));
}

static void drop_push(struct fw_letter *l)
{
    let_go((struct fw_push *)l);
}

bool fw_train_push(struct fw_train *t)
{
    struct fw_push *free_push = NULL;
    bool more = false;

    pthread_mutex_lock(&t->call->lock);
    for (int i = 0; i < FW_PUSHES; i++) {
        if (t->pushes[i].busy)
            continue;
        if (free_push)
            more = true;
        else
            free_push = &t->pushes[i];
    }
    if (free_push)
        free_push->busy = true;
    t->starved = !more;
    pthread_mutex_unlock(&t->call->lock);
    if (!free_push)
        return false; /* cannot be: reading rests while none is free */
    free_push->gather = t->gather;
    free_push->want_parameters = t->gather->head.want_parameters;
    if (t->pace && free_push->want_parameters)
        fw_train_pay_parameters(t);
    t->gather = NULL;
    free_push->early = t->early;
    if (!(free_push->gather->wave ? fw_train_end_wave
                                  : fw_train_do)(t, &free_push->letter)) {
        fw_gather_close(free_push->gather);
        free_push->gather = NULL;
        push_is_back(free_push);
    }
    return more;
}

void fw_train_push_init(struct fw_train *t)
{
    for (int i = 0; i < FW_PUSHES; i++) {
        t->pushes[i].train = t;
        t->pushes[i].letter = (struct fw_letter){
            .run = run_push, .steps = true, .drop = drop_push};
        t->pushes[i].watch = (struct fw_step_watch){on_block};
        t->pushes[i].held =
            (struct fw_held){.answer = run_held, .drop = drop_held};
    }
}
