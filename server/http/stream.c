#include "server/http/stream.h"

#include <stdio.h>

#include "server/http/api.h"

#define PING_MS 10000 /* of silence */

static void job_of(const struct fw_request *r, char out[FW_NAME_MAX + 1])
{
    if (!fw_request_query(r, "job", out, FW_NAME_MAX + 1))
        out[0] = '\0';
}

void fw_stream_answer(struct fw_site *site, const struct fw_request *r,
                      const char *part, struct fw_reply *out)
{
    char job[FW_NAME_MAX + 1];

    (void)part;
    job_of(r, job);
    if (site->traffic.streams >= FW_STREAMS_MAX)
        fw_reply_error(out, HTTP_STATUS_SERVICE_UNAVAILABLE, "OVERLOADED",
                       "there are too many event streams");
    else if (job[0] && !fw_view_find(&site->view, site->jobs, job))
        fw_api_no_job(job, out);
    else
        fw_reply_text(out, "text/event-stream", fw_body_create("", 0));
}

void fw_stream_begin(struct fw_stream *s, const struct fw_request *r)
{
    *s = (struct fw_stream){0};
    job_of(r, s->job);
}

static void set_head(struct fw_frame *f, const char *event, uint64_t id)
{
    char line[32] = "";

    if (id)
        snprintf(line, sizeof(line), "id: %llu\n", (unsigned long long)id);
    f->n_head = (size_t)snprintf(f->head, sizeof(f->head),
                                 "event: %s\n%sdata: ", event, line);
}

/* One job; `number` tells whether it has changed. */
static bool next_status(struct fw_stream *s, struct fw_site *site,
                        struct fw_frame *f)
{
    struct fw_view_job *j = fw_view_find(&site->view, site->jobs, s->job);
    struct fw_body *json;

    if (!j) {
        s->over = true;
        set_head(f, "gone", 0);
        f->body = fw_body_create("{}", 2);
        return f->body != NULL;
    }
    if (j->snapshot->number == s->number)
        return false;
    json = fw_view_json(j);
    if (!json)
        return false;
    s->number = j->snapshot->number;
    set_head(f, "status", j->snapshot->status.version);
    f->body = fw_body_ref(json);
    return true;
}

static bool next_jobs(struct fw_stream *s, struct fw_site *site,
                      struct fw_frame *f)
{
    struct fw_body *json;

    if (s->number == site->view.changes + 1)
        return false;
    json = fw_api_job_list(site);
    if (!json)
        return false;
    s->number = site->view.changes + 1; /* 0: none was sent */
    set_head(f, "jobs", 0);
    f->body = fw_body_ref(json);
    return true;
}

bool fw_stream_next(struct fw_stream *s, struct fw_site *site, int64_t now_ms,
                    struct fw_frame *out)
{
    *out = (struct fw_frame){0};
    if (now_ms >= s->due_ms) {
        s->due_ms = now_ms + FW_STREAM_MS;
        if (s->job[0] ? next_status(s, site, out) : next_jobs(s, site, out)) {
            s->sent_ms = now_ms;
            return true;
        }
    }
    if (now_ms - s->sent_ms < PING_MS)
        return false;
    s->sent_ms = now_ms;
    out->n_head = (size_t)snprintf(out->head, sizeof(out->head), ": ping");
    return true;
}

void fw_stream_skip(struct fw_stream *s, struct fw_site *site, int64_t now_ms)
{
    if (now_ms < s->due_ms)
        return;
    s->due_ms = now_ms + FW_STREAM_MS;
    site->traffic.events_skipped++;
}
