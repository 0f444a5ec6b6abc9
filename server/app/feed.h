/* feed.h - tells the history what the jobs are doing.
 *
 * Once an interval it takes the snapshot that each job has published, as the
 * administrator's listener does, compares it with the one before, and pushes
 * rows; decisions it asks of the job's thread, when there are new ones.  It
 * never waits.
 *
 * Layer: server/app.  Thread: the main one, but for answers of jobs.  Lives in
 * the daemon; zero is closed. */
#ifndef FW_APP_FEED_H
#define FW_APP_FEED_H

#include "sdk/base/list.h"
#include "server/engine/jobs.h"
#include "server/store/config.h"

struct fw_feed {
    struct fw_jobs *jobs;       /* lent */
    struct fw_history *history; /* owned; NULL: off, all calls do nothing */
    struct fw_list fed;         /* owned; one for each job */
    int64_t interval_ms;        /* between two looks */
    int64_t next_ms;            /* monotonic */
    uint64_t looks;             /* so far */
};

/* Open DATA_DIR/history.db and lend it to the jobs' table.  What fails is
 * logged, and then there is no history. */
void fw_feed_open(struct fw_feed *f, struct fw_jobs *jobs,
                  const struct fw_server_config *config);

/* Look, if it is time or must be now.  The runs of jobs that are there at the
 * first look go on: they came out of checkpoints. */
void fw_feed_tick(struct fw_feed *f, int64_t now_ms, bool now);

/* Write what waits.  After the jobs have ended and nobody reads. */
void fw_feed_close(struct fw_feed *f);

#endif
