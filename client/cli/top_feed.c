#include "client/cli/top_feed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sdk/base/clock.h"

#define LATE_MS 2000 /* beyond the interval: then it is stale */

/* Keep an answer, or why there is none. */
static void keep(struct fw_top_feed *f, const char *asked,
                 struct fw_status_response *r, fw_status s,
                 const struct fw_err *err)
{
    pthread_mutex_lock(&f->lock);
    f->failed = s != FW_OK;
    if (s == FW_OK) {
        fw_status_response_close(&f->newest);
        f->newest = *r; /* take */
        f->fresh = true;
        f->ok_ms = fw_clock_mono_ms();
        snprintf(f->asked, sizeof(f->asked), "%s", asked);
    } else {
        f->why = *err;
    }
    pthread_mutex_unlock(&f->lock);
}

/* Wait for the interval's end or for something to do; false: the end. */
static bool rest(struct fw_top_feed *f, char job[FW_NAME_MAX + 1])
{
    struct timespec until = fw_clock_mono_after_ms(f->interval_ms);
    bool go_on;
    int e = 0;

    pthread_mutex_lock(&f->lock);
    while (!f->hurry && !f->closing && e != ETIMEDOUT)
        e = pthread_cond_timedwait(&f->changed, &f->lock, &until);
    f->hurry = false;
    go_on = !f->closing;
    snprintf(job, FW_NAME_MAX + 1, "%s", f->job);
    pthread_mutex_unlock(&f->lock);
    return go_on;
}

static void *ask(void *arg)
{
    struct fw_top_feed *f = arg;
    char job[FW_NAME_MAX + 1] = "";

    while (rest(f, job)) {
        struct fw_status_response r = {0};
        struct fw_err err = {0};
        fw_status s = fw_admin_status(f->admin, job, &r, &err);

        keep(f, job, &r, s, &err);
    }
    return NULL;
}

fw_status fw_top_feed_open(struct fw_top_feed *f, struct fw_admin *admin,
                           const char *job, int64_t interval_ms,
                           struct fw_err *err)
{
    int e;

    *f = (struct fw_top_feed){.admin = admin,
                              .interval_ms = interval_ms,
                              .hurry = true,
                              .ok_ms = fw_clock_mono_ms()};
    snprintf(f->job, sizeof(f->job), "%s", job);
    pthread_mutex_init(&f->lock, NULL);
    (void)fw_clock_mono_cond(&f->changed);
    e = pthread_create(&f->thread, NULL, ask, f);
    if (e) {
        pthread_cond_destroy(&f->changed);
        pthread_mutex_destroy(&f->lock);
        return fw_err_set(err, FW_NOMEM, "cannot start a thread: %s",
                          strerror(e));
    }
    f->is_open = true;
    return FW_OK;
}

void fw_top_feed_close(struct fw_top_feed *f)
{
    if (!f->is_open)
        return;
    pthread_mutex_lock(&f->lock);
    f->closing = true;
    pthread_cond_signal(&f->changed);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->lock);
    fw_status_response_close(&f->newest);
    *f = (struct fw_top_feed){0};
}

void fw_top_feed_choose(struct fw_top_feed *f, const char *job)
{
    pthread_mutex_lock(&f->lock);
    if (strcmp(f->job, job) != 0) {
        snprintf(f->job, sizeof(f->job), "%s", job);
        f->hurry = true;
        pthread_cond_signal(&f->changed);
    }
    pthread_mutex_unlock(&f->lock);
}

bool fw_top_feed_take(struct fw_top_feed *f, char asked[FW_NAME_MAX + 1],
                      struct fw_status_response *out)
{
    bool fresh;

    pthread_mutex_lock(&f->lock);
    fresh = f->fresh;
    if (fresh) {
        *out = f->newest; /* give */
        f->newest = (struct fw_status_response){0};
        f->fresh = false;
        snprintf(asked, FW_NAME_MAX + 1, "%s", f->asked);
    }
    pthread_mutex_unlock(&f->lock);
    return fresh;
}

void fw_top_feed_link(struct fw_top_feed *f, struct fw_top_link *link)
{
    pthread_mutex_lock(&f->lock);
    link->age_ms = fw_clock_mono_ms() - f->ok_ms;
    link->stale = f->failed || link->age_ms > f->interval_ms + LATE_MS;
    snprintf(link->trouble, sizeof(link->trouble), "%s",
             f->failed ? f->why.text : "");
    pthread_mutex_unlock(&f->lock);
}
