/* events.h - what happened to a job lately, told from its snapshots.
 *
 * Two snapshots in a row are compared, so that the job itself does no work for
 * it.  The last FW_EVENTS_KEPT are kept; docs/operations.md lists them.
 *
 * Layer: server/http.  Thread: the listener's.  Lives in a fw_view_job; zero is
 * valid and empty. */
#ifndef FW_HTTP_EVENTS_H
#define FW_HTTP_EVENTS_H

#include <jansson.h>

#include "sdk/wire/messages.h"

#define FW_EVENTS_KEPT 512u

struct fw_event {
    int64_t unix_ms;  /* when it was noticed */
    const char *name; /* a constant, stable word */
    char *text;       /* owned; a sentence for people */
};

struct fw_event_ring {
    struct fw_event ring[FW_EVENTS_KEPT];
    uint64_t n; /* ever told */
};

void fw_event_ring_close(struct fw_event_ring *r);

/* The first snapshot of a job. */
void fw_events_begin(struct fw_event_ring *r, const struct fw_job_status *now,
                     int64_t unix_ms);

/* What has happened between two snapshots.  Workers are in order of their
 * epochs. */
void fw_events_compare(struct fw_event_ring *r,
                       const struct fw_job_status *before,
                       const struct fw_job_status *now, int64_t unix_ms);

/* The newest, at most `limit`, oldest first: {"events":[...]}. */
json_t *fw_events_json(const struct fw_event_ring *r, uint64_t limit);

#endif
