#include "server/http/metrics.h"

#include <stdio.h>
#include <string.h>

#include "sdk/base/clock.h"
#include "server/http/process.h"

#define MS 1000.0 /* in a second */

static const char text_type[] = "text/plain; version=0.0.4; charset=utf-8";
static const char open_type[] =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/* A family with one sample. */
static void one(struct fw_exposition *e, const char *name,
                enum fw_metric_type type, const char *help, double value)
{
    fw_exposition_family(e, name, type, help);
    fw_exposition_sample(e, "", "", value);
}

static double atomic_of(const uint64_t *n)
{
    return (double)__atomic_load_n(n, __ATOMIC_RELAXED);
}

static void put_server(struct fw_exposition *e, const struct fw_site *site)
{
    struct fw_server_status s;
    char labels[64];

    fw_site_server(site, &s);
    snprintf(labels, sizeof(labels), "version=\"%.32s\"", s.version);
    fw_exposition_family(e, "flywheel_build_info", FW_METRIC_GAUGE,
                         "Always 1; its label is the version of flywheel.");
    fw_exposition_sample(e, "", labels, 1.0);
    one(e, "flywheel_incarnation", FW_METRIC_GAUGE,
        "Changes with every start of the server.", (double)s.incarnation);
    one(e, "flywheel_uptime_seconds", FW_METRIC_GAUGE,
        "Time since the server was started.", (double)s.uptime_ms / MS);
    one(e, "flywheel_ready", FW_METRIC_GAUGE,
        "1 while the server takes work, as /readyz says.",
        fw_site_state(site) == FW_SITE_READY);
    one(e, "flywheel_rpc_received_bytes", FW_METRIC_COUNTER,
        "Bytes of messages that workers and clients sent.",
        atomic_of(&site->jobs->bytes_in));
    one(e, "flywheel_rpc_sent_bytes", FW_METRIC_COUNTER,
        "Bytes of messages that workers and clients were sent.",
        atomic_of(&site->jobs->bytes_out));
    one(e, "flywheel_jobs", FW_METRIC_GAUGE, "Jobs in the server.", s.jobs);
}

static void put_process(struct fw_exposition *e)
{
    struct fw_process p;

    fw_process_read(&p);
    one(e, "process_cpu_seconds", FW_METRIC_COUNTER,
        "Processor time of the server, user and system.", p.cpu_seconds);
    one(e, "process_start_time_seconds", FW_METRIC_GAUGE,
        "When the server was started, since 1970.", p.start_seconds);
    one(e, "process_resident_memory_bytes", FW_METRIC_GAUGE,
        "Memory of the server that is in use.", (double)p.rss_bytes);
    one(e, "process_virtual_memory_bytes", FW_METRIC_GAUGE,
        "Address space of the server.", (double)p.virtual_bytes);
    one(e, "process_open_fds", FW_METRIC_GAUGE,
        "File descriptors that are open.", (double)p.fds);
    one(e, "process_max_fds", FW_METRIC_GAUGE,
        "File descriptors that may be open.", (double)p.fds_max);
    one(e, "process_threads", FW_METRIC_GAUGE, "Threads of the server.",
        (double)p.threads);
}

static void put_traffic(struct fw_exposition *e, const struct fw_traffic *t)
{
    static const char *const codes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

    fw_exposition_family(e, "flywheel_http_requests", FW_METRIC_COUNTER,
                         "Requests to this listener, by kind of answer.");
    for (size_t i = 1; i < sizeof(codes) / sizeof(codes[0]); i++) {
        char label[16];

        snprintf(label, sizeof(label), "code=\"%s\"", codes[i]);
        fw_exposition_sample(e, "", label, (double)t->answers[i]);
    }
    one(e, "flywheel_http_connections", FW_METRIC_GAUGE,
        "Connections to this listener that are open.", t->open);
    one(e, "flywheel_http_streams", FW_METRIC_GAUGE,
        "Event streams that are open.", t->streams);
    one(e, "flywheel_http_connections_refused", FW_METRIC_COUNTER,
        "Connections that were ended because there were too many.",
        (double)t->refused);
    one(e, "flywheel_http_timeouts", FW_METRIC_COUNTER,
        "Connections that were ended because they were slow.",
        (double)t->timeouts);
    one(e, "flywheel_http_received_bytes", FW_METRIC_COUNTER,
        "Bytes that this listener received.", (double)t->bytes_in);
    one(e, "flywheel_http_sent_bytes", FW_METRIC_COUNTER,
        "Bytes that this listener sent.", (double)t->bytes_out);
    one(e, "flywheel_http_events_skipped", FW_METRIC_COUNTER,
        "Updates that slow watchers did not get.", (double)t->events_skipped);
}

void fw_metrics_answer(struct fw_site *site, const struct fw_request *r,
                       const char *part, struct fw_reply *out)
{
    struct fw_exposition e = {
        .open = strstr(r->header[FW_HEADER_ACCEPT],
                       "application/openmetrics-text") != NULL,
    };
    bool open = e.open;

    (void)part;
    put_server(&e, site);
    fw_metrics_jobs(&e, &site->view, fw_clock_unix_ms());
    put_traffic(&e, &site->traffic);
    put_process(&e);
    fw_reply_text(out, open ? open_type : text_type, fw_exposition_end(&e));
}
