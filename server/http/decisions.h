/* decisions.h - the controller's decisions, asked of the job's thread.
 *
 * They are not in the snapshots, so a job has to be asked; an answer is kept
 * for FW_DECISIONS_MS, so that those who ask again and again do not slow the
 * job.
 *
 * Layer: server/http.  Thread: the pool's; the lock orders them.  Lives in
 * struct fw_site. */
#ifndef FW_HTTP_DECISIONS_H
#define FW_HTTP_DECISIONS_H

#include <pthread.h>

#include "server/engine/jobs.h"
#include "server/http/reply.h"

#define FW_DECISIONS_MS   500 /* an answer may be this old */
#define FW_DECISIONS_JOBS 16  /* answers kept */

struct fw_site;

/* An answer. */
struct fw_told_decisions {
    char job[FW_NAME_MAX + 1]; /* empty: none yet */
    uint32_t limit;            /* that was asked for */
    int64_t at_ms;             /* monotonic */
    struct fw_bytes json;      /* owned */
};

struct fw_decision_desk {
    pthread_mutex_t lock; /* guards the answers; held while a job is asked */
    struct fw_told_decisions told[FW_DECISIONS_JOBS];
};

void fw_decision_desk_init(struct fw_decision_desk *d);
void fw_decision_desk_close(struct fw_decision_desk *d);

/* The route; slow. */
void fw_decisions_answer(struct fw_site *site, const struct fw_request *r,
                         const char *part, struct fw_reply *out);

#endif
