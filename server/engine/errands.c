#include "server/engine/errands.h"

#include <stdlib.h>

#include "sdk/base/clock.h"
#include "sdk/base/mem.h"

struct fw_errand {
    struct fw_letter letter; /* first: carries the result home */
    uv_work_t work;
    struct fw_errand *next;    /* in the list */
    struct fw_job_thread *job; /* ref */
    struct fw_thought thought;
};

static void destroy(struct fw_errand *e)
{
    fw_job_thread_thought(e->job);
    fw_job_thread_unref(e->job);
    free(e);
}

/* --- the way home --- */

static void deliver(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct fw_errand *e = (struct fw_errand *)l;

    fw_job_give_thought(job, &e->thought, now_ms);
    destroy(e);
}

static void drop(struct fw_letter *l)
{
    destroy((struct fw_errand *)l);
}

/* --- the pool --- */

static void run(uv_work_t *w)
{
    struct fw_errand *e = w->data;
    int64_t begun_us = fw_clock_mono_us();

    fw_thought_run(&e->thought);
    e->thought.limits.ms = (double)(fw_clock_mono_us() - begun_us) / 1000.0;
}

/* A full letter box or a job that has ended: the controller asks again. */
static void on_done(uv_work_t *w, int status)
{
    struct fw_errand *e = w->data;

    e->letter.run = deliver;
    e->letter.drop = drop;
    if (status || fw_job_thread_post(e->job, &e->letter) != FW_OK)
        destroy(e);
}

/* --- the loop --- */

static struct fw_errand *take_all(struct fw_errands *e)
{
    struct fw_errand *all;

    pthread_mutex_lock(&e->lock);
    all = e->first;
    e->first = NULL;
    pthread_mutex_unlock(&e->lock);
    return all;
}

static void on_wake(uv_async_t *wake)
{
    struct fw_errand *item = take_all(wake->data);

    while (item) {
        struct fw_errand *next = item->next;

        item->work.data = item;
        if (uv_queue_work(wake->loop, &item->work, run, on_done))
            destroy(item);
        item = next;
    }
}

/* --- jobs' threads --- */

static void think(struct fw_thinker *thinker, struct fw_job_thread *t,
                  const struct fw_thought *thought)
{
    struct fw_errands *e = (struct fw_errands *)thinker;
    struct fw_errand *item = fw_mem_array(1, sizeof(*item));

    if (!item) {
        fw_job_thread_thought(t);
        return;
    }
    item->job = fw_job_thread_ref(t);
    item->thought = *thought;
    pthread_mutex_lock(&e->lock);
    if (e->open) {
        item->next = e->first;
        e->first = item;
        uv_async_send(&e->wake);
        item = NULL;
    }
    pthread_mutex_unlock(&e->lock);
    if (item)
        destroy(item);
}

fw_status fw_errands_init(struct fw_errands *e)
{
    *e = (struct fw_errands){.thinker = {.think = think}};
    return pthread_mutex_init(&e->lock, NULL) ? FW_NOMEM : FW_OK;
}

fw_status fw_errands_open(struct fw_errands *e, uv_loop_t *loop)
{
    if (uv_async_init(loop, &e->wake, on_wake))
        return FW_NOMEM;
    e->wake.data = e;
    pthread_mutex_lock(&e->lock);
    e->open = true;
    pthread_mutex_unlock(&e->lock);
    return FW_OK;
}

void fw_errands_shut(struct fw_errands *e)
{
    bool was_open;

    pthread_mutex_lock(&e->lock);
    was_open = e->open;
    e->open = false;
    pthread_mutex_unlock(&e->lock);
    if (was_open)
        uv_close((uv_handle_t *)&e->wake, NULL);
}

void fw_errands_close(struct fw_errands *e)
{
    struct fw_errand *item = take_all(e);

    while (item) {
        struct fw_errand *next = item->next;

        destroy(item);
        item = next;
    }
    pthread_mutex_destroy(&e->lock);
}
