/* api.h - the page, health, and the state of server and jobs as JSON.
 *
 * Layer: server/http.  Thread: the listener's.
 * Routes: see struct fw_route. */
#ifndef FW_HTTP_API_H
#define FW_HTTP_API_H

#include "server/http/site.h"

/* The dashboard. */
void fw_api_page(struct fw_site *site, const struct fw_request *r,
                 const char *part, struct fw_reply *out);

/* The process lives. */
void fw_api_health(struct fw_site *site, const struct fw_request *r,
                   const char *part, struct fw_reply *out);

/* It takes work: 200, else 503. */
void fw_api_ready(struct fw_site *site, const struct fw_request *r,
                  const char *part, struct fw_reply *out);

void fw_api_server(struct fw_site *site, const struct fw_request *r,
                   const char *part, struct fw_reply *out);
void fw_api_jobs(struct fw_site *site, const struct fw_request *r,
                 const char *part, struct fw_reply *out);
void fw_api_job(struct fw_site *site, const struct fw_request *r,
                const char *part, struct fw_reply *out);
void fw_api_events(struct fw_site *site, const struct fw_request *r,
                   const char *part, struct fw_reply *out);

/* The list of jobs, without their workers, as JSON; lent.  NULL: out of
 * memory. */
struct fw_body *fw_api_job_list(struct fw_site *site);

/* How many are wanted, at most `most`. */
uint32_t fw_api_limit(const struct fw_request *r, uint32_t most);

/* Answer 404 for a job. */
void fw_api_no_job(const char *name, struct fw_reply *out);

#endif
