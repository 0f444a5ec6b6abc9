/* view.h - what the jobs look like, looked at as seldom as will do.
 *
 * One look serves all watchers for FW_VIEW_MS: it takes references to the
 * jobs' published snapshots, which costs the jobs nothing.  What is rendered
 * from a snapshot is kept until the next one.
 *
 * Layer: server/http.  Thread: the listener's.  Lives in struct fw_site. */
#ifndef FW_HTTP_VIEW_H
#define FW_HTTP_VIEW_H

#include "sdk/base/list.h"
#include "server/engine/jobs.h"
#include "server/http/body.h"
#include "server/http/events.h"

#define FW_VIEW_MS 200 /* a look may be this old */

struct fw_view_job {
    struct fw_list link;          /* in fw_view.jobs */
    struct fw_job_thread *thread; /* ref */
    struct fw_snapshot *snapshot; /* ref; newest */
    struct fw_body *json;         /* ref; of snapshot `rendered`, or NULL */
    uint64_t rendered;            /* number of the snapshot in `json` */
    int64_t saved_unix_ms;        /* newest checkpoint; 0: none */
    bool seen;                    /* by the look under way */
    struct fw_event_ring events;
};

struct fw_view {
    struct fw_list jobs;  /* owned; in order of creation */
    int64_t looked_ms;    /* monotonic; 0: never */
    uint64_t changes;     /* rises when a job comes, changes or goes */
    struct fw_body *list; /* ref; the list of jobs as JSON, or NULL */
    int64_t list_ms;      /* the look that `list` is of */
};

void fw_view_init(struct fw_view *v);
void fw_view_close(struct fw_view *v);

/* Look again if the last look is too old.  Without memory the old one stays. */
void fw_view_look(struct fw_view *v, struct fw_jobs *jobs, int64_t now_ms);

/* The job of this name, even if it is newer than the last look; NULL if there
 * is none. */
struct fw_view_job *fw_view_find(struct fw_view *v, struct fw_jobs *jobs,
                                 const char *name);

/* A job with all its workers, as JSON; lent.  NULL: out of memory. */
struct fw_body *fw_view_json(struct fw_view_job *j);

#endif
