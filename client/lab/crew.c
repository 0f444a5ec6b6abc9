#include "client/lab/crew.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 64
#define EVERY_MS    200 /* between two looks at the progress */

struct gang {
    const struct fw_crew *crew; /* lent */
    pthread_mutex_t lock;       /* guards the rest */
    pthread_cond_t ended;       /* a run has ended */
    size_t next;                /* run to begin */
    size_t done;
    size_t working; /* threads */
    bool stop;
    fw_status status;
    struct fw_err err;
};

/* The next run to do; false if there is none. */
static bool take(struct gang *g, size_t *i)
{
    bool ok;

    pthread_mutex_lock(&g->lock);
    ok = !g->stop && g->next < g->crew->n;
    if (ok)
        *i = g->next++;
    pthread_mutex_unlock(&g->lock);
    return ok;
}

static void report(struct gang *g, fw_status s, const struct fw_err *err)
{
    pthread_mutex_lock(&g->lock);
    g->done++;
    if (s != FW_OK && g->status == FW_OK) {
        g->status = s;
        g->err = *err;
        g->stop = true;
    }
    pthread_cond_signal(&g->ended);
    pthread_mutex_unlock(&g->lock);
}

static void *work(void *arg)
{
    struct gang *g = arg;
    size_t i;

    while (take(g, &i)) {
        struct fw_err err = {0};

        report(g, g->crew->run(g->crew->user, i, &err), &err);
    }
    pthread_mutex_lock(&g->lock);
    g->working--;
    pthread_cond_signal(&g->ended);
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

static size_t threads_of(const struct fw_crew *crew)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t n = crew->threads;

    if (n == 0)
        n = processors > 0 ? (size_t)processors : 1;
    if (n > THREADS_MAX)
        n = THREADS_MAX;
    return n < crew->n ? n : crew->n;
}

/* Wait for the end, telling the progress on the way. */
static void wait(struct gang *g)
{
    pthread_mutex_lock(&g->lock);
    while (g->working > 0) {
        size_t done = g->done;
        struct timespec until;
        bool go_on;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += EVERY_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&g->ended, &g->lock, &until);
        pthread_mutex_unlock(&g->lock);
        go_on = !g->crew->progress ||
                g->crew->progress(g->crew->user, done, g->crew->n);
        pthread_mutex_lock(&g->lock);
        if (!go_on && !g->stop) {
            g->stop = true;
            if (g->status == FW_OK)
                g->status =
                    fw_err_set(&g->err, FW_CLOSED, "stopped before the end");
        }
    }
    pthread_mutex_unlock(&g->lock);
}

fw_status fw_crew_work(const struct fw_crew *crew, struct fw_err *err)
{
    struct gang g = {.crew = crew, .status = FW_OK};
    pthread_t threads[THREADS_MAX];
    size_t want = threads_of(crew);
    size_t n = 0;

    pthread_mutex_init(&g.lock, NULL);
    pthread_cond_init(&g.ended, NULL);
    g.working = want;
    while (n < want && pthread_create(&threads[n], NULL, work, &g) == 0)
        n++;
    pthread_mutex_lock(&g.lock);
    g.working -= want - n;
    pthread_mutex_unlock(&g.lock);
    if (n == 0 && crew->n)
        g.status = fw_err_set(&g.err, FW_NOMEM, "cannot start a thread");
    wait(&g);
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    pthread_cond_destroy(&g.ended);
    pthread_mutex_destroy(&g.lock);
    if (g.status != FW_OK && err)
        *err = g.err;
    return g.status;
}
