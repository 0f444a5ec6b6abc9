#include "server/engine/mailbox.h"

#include "sdk/base/clock.h"

fw_status fw_mailbox_init(struct fw_mailbox *m, size_t limit)
{
    bool ok;

    *m = (struct fw_mailbox){.limit = limit};
    m->tail = &m->first;
    if (pthread_mutex_init(&m->lock, NULL))
        return FW_NOMEM;
    ok = fw_clock_mono_cond(&m->wake) == 0;
    if (!ok)
        pthread_mutex_destroy(&m->lock);
    return ok ? FW_OK : FW_NOMEM;
}

void fw_mailbox_close(struct fw_mailbox *m)
{
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->lock);
}

fw_status fw_mailbox_post(struct fw_mailbox *m, struct fw_letter *letter)
{
    fw_status s = FW_OK;

    pthread_mutex_lock(&m->lock);
    if (m->shut) {
        s = FW_CLOSED;
    } else if (m->n == m->limit) {
        s = FW_BUSY;
    } else {
        letter->next = NULL;
        *m->tail = letter;
        m->tail = &letter->next;
        m->n++;
        pthread_cond_signal(&m->wake);
    }
    pthread_mutex_unlock(&m->lock);
    return s;
}

struct fw_letter *fw_mailbox_take_all(struct fw_mailbox *m, int64_t wait_ms,
                                      bool *shut)
{
    struct timespec deadline =
        fw_clock_mono_after_ms(wait_ms > 0 ? wait_ms : 0);
    struct fw_letter *all;
    int late = 0;

    pthread_mutex_lock(&m->lock);
    while (!m->first && !m->shut && !m->nudged && !late) {
        if (wait_ms < 0)
            pthread_cond_wait(&m->wake, &m->lock);
        else
            late = pthread_cond_timedwait(&m->wake, &m->lock, &deadline);
    }
    all = m->first;
    m->first = NULL;
    m->tail = &m->first;
    m->n = 0;
    m->nudged = false;
    *shut = m->shut;
    pthread_mutex_unlock(&m->lock);
    return all;
}

bool fw_mailbox_idle(struct fw_mailbox *m)
{
    bool idle;

    pthread_mutex_lock(&m->lock);
    idle = !m->first && !m->shut;
    pthread_mutex_unlock(&m->lock);
    return idle;
}

bool fw_mailbox_is_shut(struct fw_mailbox *m)
{
    bool shut;

    pthread_mutex_lock(&m->lock);
    shut = m->shut;
    pthread_mutex_unlock(&m->lock);
    return shut;
}

void fw_mailbox_nudge(struct fw_mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    m->nudged = true;
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
}

void fw_mailbox_shut(struct fw_mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    m->shut = true;
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
}
