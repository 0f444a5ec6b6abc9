#include "server/http/api.h"

#include <stdio.h>

#include "server/http/events.h"
#include "server/http/page.h"
#include "server/show/json.h"

#define LIMIT_DEFAULT 200 /* decisions or events */

static const char as_json[] = "application/json";
static const char plain[] = "text/plain; charset=utf-8";

static void say(struct fw_reply *out, unsigned status, const char *text)
{
    char line[64];
    int n = snprintf(line, sizeof(line), "%s\n", text);

    fw_reply_text(out, plain, fw_body_create(line, (size_t)n));
    out->status = status;
}

void fw_api_page(struct fw_site *site, const struct fw_request *r,
                 const char *part, struct fw_reply *out)
{
    (void)site;
    (void)r;
    (void)part;
    fw_reply_text(out, "text/html; charset=utf-8",
                  fw_body_create(fw_page_gz, fw_page_gz_len));
    out->policy = fw_page_csp;
    out->encoding = "gzip";
}

void fw_api_health(struct fw_site *site, const struct fw_request *r,
                   const char *part, struct fw_reply *out)
{
    (void)site;
    (void)r;
    (void)part;
    say(out, HTTP_STATUS_OK, "ok");
}

void fw_api_ready(struct fw_site *site, const struct fw_request *r,
                  const char *part, struct fw_reply *out)
{
    (void)r;
    (void)part;
    switch (fw_site_state(site)) {
    case FW_SITE_STARTING:
        say(out, HTTP_STATUS_SERVICE_UNAVAILABLE, "starting");
        return;
    case FW_SITE_DRAINING:
        say(out, HTTP_STATUS_SERVICE_UNAVAILABLE, "draining");
        return;
    case FW_SITE_DEAF:
        say(out, HTTP_STATUS_SERVICE_UNAVAILABLE, "deaf");
        return;
    case FW_SITE_READY:
        break;
    }
    say(out, HTTP_STATUS_OK, "ready");
}

static json_t *server(struct fw_site *site)
{
    struct fw_server_status s;

    fw_site_server(site, &s);
    return fw_json_server(&s);
}

void fw_api_server(struct fw_site *site, const struct fw_request *r,
                   const char *part, struct fw_reply *out)
{
    (void)r;
    (void)part;
    fw_reply_json(out, server(site));
}

static json_t *list_jobs(struct fw_site *site)
{
    json_t *jobs = json_array();
    struct fw_list *l;

    FW_LIST_EACH(l, &site->view.jobs) {
        const struct fw_view_job *j = FW_LIST_ITEM(l, struct fw_view_job, link);
        struct fw_job_status bare = j->snapshot->status;
        json_t *one;

        bare.n_workers = 0;
        one = fw_json_job(&bare);
        json_object_del(one, "worker");
        json_array_append_new(jobs, one);
    }
    return json_pack("{s:o, s:o}", "server", server(site), "jobs", jobs);
}

struct fw_body *fw_api_job_list(struct fw_site *site)
{
    struct fw_view *v = &site->view;
    json_t *document;

    if (v->list && v->list_ms == v->looked_ms)
        return v->list;
    document = list_jobs(site);
    fw_body_unref(v->list);
    v->list = fw_body_take_string(json_dumps(document, JSON_COMPACT));
    v->list_ms = v->looked_ms;
    json_decref(document);
    return v->list;
}

void fw_api_jobs(struct fw_site *site, const struct fw_request *r,
                 const char *part, struct fw_reply *out)
{
    struct fw_body *json = fw_api_job_list(site);

    (void)r;
    (void)part;
    fw_reply_text(out, as_json, json ? fw_body_ref(json) : NULL);
}

void fw_api_no_job(const char *name, struct fw_reply *out)
{
    char text[FW_NAME_MAX + 32];

    snprintf(text, sizeof(text), "there is no job '%s'", name);
    fw_reply_error(out, HTTP_STATUS_NOT_FOUND, "JOB_NOT_FOUND", text);
}

void fw_api_job(struct fw_site *site, const struct fw_request *r,
                const char *part, struct fw_reply *out)
{
    struct fw_view_job *j = fw_view_find(&site->view, site->jobs, part);
    struct fw_body *json;

    (void)r;
    if (!j) {
        fw_api_no_job(part, out);
        return;
    }
    json = fw_view_json(j);
    fw_reply_text(out, as_json, json ? fw_body_ref(json) : NULL);
}

uint32_t fw_api_limit(const struct fw_request *r, uint32_t most)
{
    double limit = fw_request_number(r, "limit", LIMIT_DEFAULT);

    if (limit < 0.0)
        return 0;
    return limit < (double)most ? (uint32_t)limit : most;
}

void fw_api_events(struct fw_site *site, const struct fw_request *r,
                   const char *part, struct fw_reply *out)
{
    const struct fw_view_job *j = fw_view_find(&site->view, site->jobs, part);

    if (j)
        fw_reply_json(
            out, fw_events_json(&j->events, fw_api_limit(r, FW_EVENTS_KEPT)));
    else
        fw_api_no_job(part, out);
}
