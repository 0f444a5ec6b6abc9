/* top_feed.h - a thread that asks for a status again and again.
 *
 * The screen never waits for the network: it takes what is there.  A server
 * that is gone is asked until it is back.
 *
 * Layer: client/cli.  Thread: opened, asked and closed by the main one.  Must
 * not move once open; close is safe twice and on zero. */
#ifndef FW_CLI_TOP_FEED_H
#define FW_CLI_TOP_FEED_H

#include <pthread.h>

#include "client/cli/top_page.h"
#include "sdk/client/admin.h"

struct fw_top_feed {
    /* set at init */
    struct fw_admin *admin; /* lent; the thread's while open */
    int64_t interval_ms;
    pthread_t thread;
    bool is_open;

    /* guarded by lock */
    pthread_mutex_t lock;
    pthread_cond_t changed;           /* by the monotonic clock */
    char job[FW_NAME_MAX + 1];        /* to ask for; "": all */
    char asked[FW_NAME_MAX + 1];      /* what `newest` answers */
    struct fw_status_response newest; /* owned; if `fresh` */
    bool fresh;                       /* nobody has taken `newest` */
    bool hurry;                       /* the job has changed */
    bool closing;                     /* the thread shall end */
    bool failed;                      /* the last question was not answered */
    int64_t ok_ms;                    /* when the last answer came */
    struct fw_err why;                /* of the failure */
};

/* `job` "": all.  `admin` is connected, and nobody else's until close. */
FW_MUST_USE fw_status fw_top_feed_open(struct fw_top_feed *f,
                                       struct fw_admin *admin, const char *job,
                                       int64_t interval_ms, struct fw_err *err);
void fw_top_feed_close(struct fw_top_feed *f);

/* Ask for another job from now on, at once. */
void fw_top_feed_choose(struct fw_top_feed *f, const char *job);

/* The newest status, if there is one that was not taken; the caller closes it.
 * `asked` is the job it answers for. */
bool fw_top_feed_take(struct fw_top_feed *f, char asked[FW_NAME_MAX + 1],
                      struct fw_status_response *out);

/* How the statuses come; `address` is left alone. */
void fw_top_feed_link(struct fw_top_feed *f, struct fw_top_link *link);

#endif
