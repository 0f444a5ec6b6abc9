/* past.h - what the server remembers of runs (server/store/history.h).
 *
 * Layer: server/http.  Thread: the pool's, they wait for the disk.
 * Routes: see struct fw_route. */
#ifndef FW_HTTP_PAST_H
#define FW_HTTP_PAST_H

#include "server/http/site.h"

/* The newest run of a job; ?points=N&from=SECONDS&to=SECONDS since 1970. */
void fw_past_job(struct fw_site *site, const struct fw_request *r,
                 const char *part, struct fw_reply *out);

/* A run by its number, in the same form. */
void fw_past_run(struct fw_site *site, const struct fw_request *r,
                 const char *part, struct fw_reply *out);

/* All runs, newest first; ?job=J&limit=N. */
void fw_past_runs(struct fw_site *site, const struct fw_request *r,
                  const char *part, struct fw_reply *out);

#endif
