/* exposition.h - writes metrics as Prometheus text 0.0.4 or OpenMetrics 1.0.
 *
 * A family is begun, then its samples follow; names are without "_total",
 * which counters get by themselves.
 *
 * Layer: server/http.  Thread: its owner's.  Memory that was not there shows
 * at the end. */
#ifndef FW_HTTP_EXPOSITION_H
#define FW_HTTP_EXPOSITION_H

#include "server/http/body.h"

enum fw_metric_type {
    FW_METRIC_GAUGE,
    FW_METRIC_COUNTER,
    FW_METRIC_HISTOGRAM,
};

struct fw_exposition {
    struct fw_bytes out;      /* owned */
    bool open;                /* OpenMetrics */
    bool failed;              /* memory was not there */
    const char *name;         /* of the family */
    enum fw_metric_type type; /* of the family */
};

void fw_exposition_family(struct fw_exposition *e, const char *name,
                          enum fw_metric_type type, const char *help);

/* A sample: `suffix` of the name and `labels` ("job=\"a\"") may be empty; one
 * that is not a number is left out. */
void fw_exposition_sample(struct fw_exposition *e, const char *suffix,
                          const char *labels, double value);

/* The whole, and the end of `e`; NULL: out of memory. */
struct fw_body *fw_exposition_end(struct fw_exposition *e);

#endif
