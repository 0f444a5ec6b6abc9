/* site.h - what the administrator's listener serves, and the table of what is
 * found where.
 *
 * Layer: server/http.  Thread: the listener's; `jobs`, `config`, `state` and
 * `born_ms` may be read on any, by routes that are slow.  Lives in fw_admin. */
#ifndef FW_HTTP_SITE_H
#define FW_HTTP_SITE_H

#include "server/engine/jobs.h"
#include "server/http/decisions.h"
#include "server/http/guard.h"
#include "server/http/reply.h"
#include "server/http/view.h"

enum fw_site_state {
    FW_SITE_STARTING, /* jobs are being recovered */
    FW_SITE_READY,
    FW_SITE_DEAF,     /* its port takes no connections any more */
    FW_SITE_DRAINING, /* going down */
};

/* What the listener counts. */
struct fw_traffic {
    uint64_t answers[5];     /* by the first digit of their status */
    uint64_t connections;    /* ever taken */
    uint64_t refused;        /* for there were too many */
    uint64_t bytes_in;       /* received */
    uint64_t bytes_out;      /* sent */
    uint64_t events_skipped; /* updates that slow watchers did not get */
    uint64_t timeouts;       /* connections that were ended for slowness */
    unsigned open;           /* connections now */
    unsigned streams;        /* of those, event streams */
};

struct fw_site {
    struct fw_jobs *jobs;                 /* lent */
    const struct fw_admin_config *config; /* lent */
    struct fw_guard guard;
    int64_t born_ms; /* monotonic */
    int state;       /* enum fw_site_state; atomic */
    struct fw_view view;
    struct fw_decision_desk decisions; /* any thread */
    struct fw_traffic traffic;
};

/* One kind of address. */
struct fw_route {
    const char *path; /* "{}" stands for one part, given to `answer` */
    /* Fill in `out`; `part` is what stood for "{}", else empty. */
    void (*answer)(struct fw_site *site, const struct fw_request *r,
                   const char *part, struct fw_reply *out);
    bool is_slow;   /* it may wait: runs in the pool, and reads of the site only
                       what any thread may */
    bool is_open;   /* needs no token */
    bool is_stream; /* goes on with events after the answer (stream.h) */
};

/* The route of a path; NULL: there is none.  `part` gets what stands for "{}";
 * a part that is no name is not found. */
const struct fw_route *fw_site_route(const char *path,
                                     char part[FW_NAME_MAX + 1]);

/* The state, on any thread. */
enum fw_site_state fw_site_state(const struct fw_site *site);

/* Server and clocks as a message. */
void fw_site_server(const struct fw_site *site, struct fw_server_status *out);

#endif
