/* metrics.h - server and jobs for Prometheus; docs/operations.md lists all.
 *
 * Layer: server/http.  Thread: the listener's. */
#ifndef FW_HTTP_METRICS_H
#define FW_HTTP_METRICS_H

#include "server/http/exposition.h"
#include "server/http/site.h"

/* The route: text 0.0.4, or OpenMetrics for who accepts it. */
void fw_metrics_answer(struct fw_site *site, const struct fw_request *r,
                       const char *part, struct fw_reply *out);

/* The families of jobs. */
void fw_metrics_jobs(struct fw_exposition *e, const struct fw_view *view,
                     int64_t unix_ms);

#endif
