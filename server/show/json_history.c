#include "server/show/json_history.h"

#include <inttypes.h>
#include <stdio.h>

#include "server/show/json.h"

#define MS_PER_S 1000.0
#define ID_MAX   24 /* letters of a run's number */

static json_t *column(const double *values, uint32_t n)
{
    json_t *list = json_array();

    for (uint32_t i = 0; list && i < n; i++)
        json_array_append_new(list, fw_json_real(values[i]));
    return list;
}

/* As text: numbers of JSON are doubles to some, and a name to all. */
static json_t *run_id(uint64_t id)
{
    char text[ID_MAX];

    snprintf(text, sizeof(text), "%" PRIu64, id);
    return json_string(text);
}

json_t *fw_json_history(const struct fw_history_series *s)
{
    json_t *series = json_object();

    for (unsigned i = 0; series && i < FW_SERIES_COUNT; i++)
        json_object_set_new(
            series, fw_series_name(i),
            json_pack("{s:o, s:o}", "min",
                      column(fw_history_low(s, (enum fw_series)i), s->n), "max",
                      column(fw_history_high(s, (enum fw_series)i), s->n)));
    return json_pack(
        "{s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "job", s->job, "run",
        run_id(s->run), "resolution", fw_json_real(s->resolution_s), "rows",
        (json_int_t)s->rows, "time",
        column(fw_history_column(s, FW_HISTORY_TIME), s->n), "version",
        column(fw_history_column(s, FW_HISTORY_VERSION), s->n),
        "worker_seconds",
        column(fw_history_column(s, FW_HISTORY_WORKER_SECONDS), s->n), "series",
        series);
}

static json_t *run(const struct fw_history_run *r)
{
    return json_pack(
        "{s:o, s:s, s:f, s:f, s:o, s:I, s:I, s:o, s:o, s:o, s:s}", "id",
        run_id(r->id), "job", r->job, "started",
        (double)r->started_ms / MS_PER_S, "last", (double)r->last_ms / MS_PER_S,
        "ended",
        r->ended_ms ? json_real((double)r->ended_ms / MS_PER_S) : json_null(),
        "version", (json_int_t)r->version, "updates", (json_int_t)r->updates,
        "loss", fw_json_real(r->loss), "validation_loss",
        fw_json_real(r->validation_loss), "worker_seconds",
        fw_json_real(r->worker_seconds), "law", fw_law_name(r->law));
}

json_t *fw_json_runs(const struct fw_run_list *l)
{
    json_t *list = json_array();

    for (uint32_t i = 0; list && i < l->n; i++)
        json_array_append_new(list, run(&l->items[i]));
    return json_pack("{s:o}", "runs", list);
}
