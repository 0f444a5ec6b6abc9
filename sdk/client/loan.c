#include "sdk/client/loan.h"

void fw_loan_init(struct fw_loan *l)
{
    fw_waiter_init(&l->waiter);
    l->out = 0;
}

void fw_loan_close(struct fw_loan *l)
{
    fw_waiter_close(&l->waiter);
}

/* Any thread, also inside a call of gRPC. */
static void give_back(void *user)
{
    struct fw_loan *l = user;

    pthread_mutex_lock(&l->waiter.lock);
    l->out--;
    if (!l->out)
        pthread_cond_broadcast(&l->waiter.changed);
    pthread_mutex_unlock(&l->waiter.lock);
}

struct fw_lent fw_loan_lend(struct fw_loan *l, const void *data, size_t n)
{
    pthread_mutex_lock(&l->waiter.lock);
    l->out++;
    pthread_mutex_unlock(&l->waiter.lock);
    return (struct fw_lent){data, n, give_back, l};
}

void fw_loan_wait(struct fw_loan *l)
{
    pthread_mutex_lock(&l->waiter.lock);
    while (l->out)
        pthread_cond_wait(&l->waiter.changed, &l->waiter.lock);
    pthread_mutex_unlock(&l->waiter.lock);
}
