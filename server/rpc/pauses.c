#include "server/rpc/pauses.h"

void fw_pauses_open(struct fw_pauses *p)
{
    *p = (struct fw_pauses){.shut = false};
    pthread_mutex_init(&p->lock, NULL);
    fw_list_init(&p->resting);
}

void fw_pauses_close(struct fw_pauses *p)
{
    pthread_mutex_destroy(&p->lock);
}

static void go_on(struct fw_pause *pause)
{
    struct fw_call *c = pause->call;

    pause->go(pause);
    fw_call_unref(c);
}

void fw_pauses_put(struct fw_pauses *p, struct fw_pause *pause,
                   struct fw_call *call, int64_t until_us,
                   void (*go)(struct fw_pause *pause))
{
    bool shut;

    pause->call = fw_call_ref(call);
    pause->until_us = until_us;
    pause->go = go;
    pthread_mutex_lock(&p->lock);
    shut = p->shut;
    if (!shut)
        fw_list_push_back(&p->resting, &pause->link);
    pthread_mutex_unlock(&p->lock);
    if (shut)
        go_on(pause);
}

/* Move those that may go on to `out`. */
static void take_due(struct fw_pauses *p, int64_t now_us, struct fw_list *out)
{
    struct fw_list *l;
    struct fw_list *next;

    pthread_mutex_lock(&p->lock);
    for (l = p->resting.next; l != &p->resting; l = next) {
        struct fw_pause *pause = FW_LIST_ITEM(l, struct fw_pause, link);

        next = l->next;
        if (!p->shut && pause->until_us > now_us && !fw_call_over(pause->call))
            continue;
        fw_list_remove(l);
        fw_list_push_back(out, l);
    }
    pthread_mutex_unlock(&p->lock);
}

void fw_pauses_tick(struct fw_pauses *p, int64_t now_us)
{
    struct fw_list due;
    struct fw_list *l;

    fw_list_init(&due);
    take_due(p, now_us, &due);
    while ((l = fw_list_take_front(&due)))
        go_on(FW_LIST_ITEM(l, struct fw_pause, link));
}

void fw_pauses_shut(struct fw_pauses *p)
{
    pthread_mutex_lock(&p->lock);
    p->shut = true;
    pthread_mutex_unlock(&p->lock);
    fw_pauses_tick(p, 0);
}
