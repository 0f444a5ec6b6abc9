#include "server/http/past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/api.h"
#include "server/show/json_history.h"
#include "server/store/history.h"

#define MS_PER_S     1000.0
#define SECONDS_MOST 1e11 /* the year 5138 */

static void refuse(fw_status s, const struct fw_err *err, struct fw_reply *out)
{
    if (s == FW_NOT_FOUND)
        fw_reply_error(out, HTTP_STATUS_NOT_FOUND, "RUN_NOT_FOUND", err->text);
    else
        fw_reply_error(out, HTTP_STATUS_SERVICE_UNAVAILABLE,
                       "HISTORY_UNAVAILABLE", err->text);
}

/* Milliseconds since 1970; 0: not told. */
static int64_t moment(const struct fw_request *r, const char *key)
{
    double seconds = fw_request_number(r, key, 0.0);

    return seconds > 0.0 && seconds < SECONDS_MOST
               ? (int64_t)(seconds * MS_PER_S)
               : 0;
}

static void answer(struct fw_site *site, const struct fw_request *r,
                   struct fw_history_request *ask, struct fw_reply *out)
{
    struct fw_history_series series = {.n = 0};
    struct fw_err err = {0};
    double points = fw_request_number(r, "points", 0.0);
    fw_status s;

    if (points > 0.0 && points < FW_HISTORY_POINTS_MAX)
        ask->points = (uint32_t)points;
    ask->from_ms = moment(r, "from");
    ask->to_ms = moment(r, "to");
    s = fw_history_read(site->jobs->history, ask, &series, &err);
    if (s == FW_OK)
        fw_reply_json(out, fw_json_history(&series));
    else
        refuse(s, &err, out);
    fw_history_series_close(&series);
}

void fw_past_job(struct fw_site *site, const struct fw_request *r,
                 const char *part, struct fw_reply *out)
{
    struct fw_history_request ask = {.run = 0};

    snprintf(ask.job, sizeof(ask.job), "%s", part);
    answer(site, r, &ask, out);
}

void fw_past_run(struct fw_site *site, const struct fw_request *r,
                 const char *part, struct fw_reply *out)
{
    struct fw_history_request ask = {.points = 0};
    char *end;

    ask.run = strtoull(part, &end, 10);
    if (*end || !ask.run)
        fw_reply_error(out, HTTP_STATUS_NOT_FOUND, "RUN_NOT_FOUND",
                       "a run's name is its number; /api/v1/runs lists them");
    else
        answer(site, r, &ask, out);
}

void fw_past_runs(struct fw_site *site, const struct fw_request *r,
                  const char *part, struct fw_reply *out)
{
    struct fw_runs_request ask = {.limit =
                                      fw_api_limit(r, FW_HISTORY_RUNS_MAX)};
    struct fw_run_list list = {0};
    struct fw_err err = {0};
    fw_status s;

    (void)part;
    (void)fw_request_query(r, "job", ask.job, sizeof(ask.job));
    s = fw_history_runs(site->jobs->history, &ask, &list, &err);
    if (s == FW_OK)
        fw_reply_json(out, fw_json_runs(&list));
    else
        refuse(s, &err, out);
    fw_run_list_close(&list);
}
