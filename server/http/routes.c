#include <string.h>

#include "sdk/base/name.h"
#include "server/http/api.h"
#include "server/http/decisions.h"
#include "server/http/metrics.h"
#include "server/http/past.h"
#include "server/http/site.h"
#include "server/http/stream.h"

/* Everything there is, in one place. */
static const struct fw_route ROUTES[] = {
    {.path = "/", .answer = fw_api_page, .is_open = true},
    {.path = "/healthz", .answer = fw_api_health, .is_open = true},
    {.path = "/readyz", .answer = fw_api_ready, .is_open = true},
    {.path = "/metrics", .answer = fw_metrics_answer},
    {.path = "/events", .answer = fw_stream_answer, .is_stream = true},
    {.path = "/api/v1/server", .answer = fw_api_server},
    {.path = "/api/v1/jobs", .answer = fw_api_jobs},
    {.path = "/api/v1/jobs/{}", .answer = fw_api_job},
    {.path = "/api/v1/jobs/{}/events", .answer = fw_api_events},
    {.path = "/api/v1/jobs/{}/decisions",
     .answer = fw_decisions_answer,
     .is_slow = true},
    {.path = "/api/v1/jobs/{}/history", .answer = fw_past_job, .is_slow = true},
    {.path = "/api/v1/runs", .answer = fw_past_runs, .is_slow = true},
    {.path = "/api/v1/runs/{}/history", .answer = fw_past_run, .is_slow = true},
};

/* Does the path fit?  Then `part` is what stands for "{}". */
static bool fits(const char *pattern, const char *path,
                 char part[FW_NAME_MAX + 1])
{
    const char *hole = strstr(pattern, "{}");
    size_t before = hole ? (size_t)(hole - pattern) : strlen(pattern);
    size_t n;

    part[0] = '\0';
    if (!hole)
        return strcmp(pattern, path) == 0;
    if (strncmp(pattern, path, before) != 0)
        return false;
    n = strcspn(path + before, "/");
    if (n > FW_NAME_MAX || strcmp(path + before + n, hole + 2) != 0)
        return false;
    memcpy(part, path + before, n);
    part[n] = '\0';
    return fw_name_valid(part);
}

const struct fw_route *fw_site_route(const char *path,
                                     char part[FW_NAME_MAX + 1])
{
    for (size_t i = 0; i < sizeof(ROUTES) / sizeof(ROUTES[0]); i++) {
        if (fits(ROUTES[i].path, path, part))
            return &ROUTES[i];
    }
    return NULL;
}
