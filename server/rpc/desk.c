#include "server/rpc/desk.h"

#include "sdk/wire/reason.h"

/* The next task; NULL when there are none and none will come. */
static struct fw_task *take(struct fw_desk *d)
{
    struct fw_list *l = NULL;

    pthread_mutex_lock(&d->lock);
    while (fw_list_empty(&d->line) && !d->shut)
        pthread_cond_wait(&d->wake, &d->lock);
    if (!fw_list_empty(&d->line)) {
        l = fw_list_take_front(&d->line);
        d->waiting--;
    }
    pthread_mutex_unlock(&d->lock);
    return l ? FW_LIST_ITEM(l, struct fw_task, link) : NULL;
}

static void *work(void *arg)
{
    struct fw_task *task;

    while ((task = take(arg)))
        task->run(task);
    return NULL;
}

fw_status fw_desk_open(struct fw_desk *d, struct fw_err *err)
{
    *d = (struct fw_desk){.waiting = 0};
    fw_list_init(&d->line);
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->wake, NULL);
    if (pthread_create(&d->thread, NULL, work, d) == 0) {
        d->open = true;
        return FW_OK;
    }
    pthread_cond_destroy(&d->wake);
    pthread_mutex_destroy(&d->lock);
    return fw_err_set(err, FW_NOMEM, "cannot start a thread");
}

void fw_desk_close(struct fw_desk *d)
{
    if (!d->open)
        return;
    pthread_mutex_lock(&d->lock);
    d->shut = true;
    pthread_cond_signal(&d->wake);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->thread, NULL);
    pthread_cond_destroy(&d->wake);
    pthread_mutex_destroy(&d->lock);
    d->open = false;
}

fw_status fw_desk_post(struct fw_desk *d, struct fw_task *task,
                       struct fw_err *err)
{
    fw_status s = FW_OK;

    pthread_mutex_lock(&d->lock);
    if (d->shut) {
        s = FW_REFUSE(err, DRAINING, "the server is going down");
    } else if (d->waiting >= FW_DESK_LINE) {
        s = FW_REFUSE(err, OVERLOADED, "%u requests wait for the disk already",
                      d->waiting);
    } else {
        fw_list_push_back(&d->line, &task->link);
        d->waiting++;
        pthread_cond_signal(&d->wake);
    }
    pthread_mutex_unlock(&d->lock);
    return s;
}
