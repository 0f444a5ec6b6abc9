/* stream.h - server-sent events: the newest state once a second, for whoever
 * keeps up.
 *
 * /events?job=J sends `event: status` with the object of /api/v1/jobs/J and the
 * version as its id; /events sends `event: jobs` with that of /api/v1/jobs.  A
 * comment every ten seconds keeps the connection known to be alive.  A watcher
 * whose last event is still under way misses the next: nothing piles up.
 *
 * Layer: server/http.  Thread: the listener's.  Lives in a fw_conn. */
#ifndef FW_HTTP_STREAM_H
#define FW_HTTP_STREAM_H

#include "server/http/site.h"

#define FW_STREAM_MS   1000 /* between events */
#define FW_STREAMS_MAX 128  /* at a time; the rest is for scrapes and health */
#define FW_FRAME_BYTES 96   /* what goes in front of an event's data */

struct fw_stream {
    char job[FW_NAME_MAX + 1]; /* empty: all jobs */
    uint64_t number;           /* of the snapshot that was sent last */
    int64_t due_ms;            /* the next event */
    int64_t sent_ms;           /* the last one, or a comment */
    bool over;                 /* the job is no more */
};

/* The next thing to send: `head`, then `body` (a reference, or NULL), then an
 * empty line. */
struct fw_frame {
    char head[FW_FRAME_BYTES];
    size_t n_head;
    struct fw_body *body;
};

/* The route: 200, 404 for a job that is not there, 503 if there are too many
 * streams. */
void fw_stream_answer(struct fw_site *site, const struct fw_request *r,
                      const char *part, struct fw_reply *out);

/* After that answer. */
void fw_stream_begin(struct fw_stream *s, const struct fw_request *r);

/* Is there anything to send now?  Then the frame's reference is the caller's.
 * s->over: it was the last. */
bool fw_stream_next(struct fw_stream *s, struct fw_site *site, int64_t now_ms,
                    struct fw_frame *out);

/* Something is due but the last frame is still under way: leave it out. */
void fw_stream_skip(struct fw_stream *s, struct fw_site *site, int64_t now_ms);

#endif
