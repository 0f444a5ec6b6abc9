#include "server/engine/waiting.h"

void fw_waiting_wake(struct fw_waiting *w, bool dropped)
{
    pthread_mutex_lock(&w->lock);
    w->done = true;
    w->dropped = dropped;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

static void on_drop(struct fw_letter *l)
{
    fw_waiting_wake((struct fw_waiting *)l, true); /* letter is first */
}

fw_status fw_waiting_ask(struct fw_waiting *w, struct fw_job_thread *t,
                         void (*run)(struct fw_letter *, struct fw_job *,
                                     int64_t))
{
    fw_status s;

    w->letter = (struct fw_letter){.run = run, .drop = on_drop};
    w->done = false;
    w->dropped = false;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    s = fw_job_thread_post(t, &w->letter);
    pthread_mutex_lock(&w->lock);
    while (s == FW_OK && !w->done)
        pthread_cond_wait(&w->wake, &w->lock);
    pthread_mutex_unlock(&w->lock);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    if (s != FW_OK)
        return s;
    return w->dropped ? FW_CLOSED : FW_OK;
}
