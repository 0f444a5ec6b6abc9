/* GetHistory and ListRuns. */
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/codec_status.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/text.h"

fw_status fw_encode_get_history_request(const struct fw_history_request *m,
                                        struct fw_bytes *out)
{
    PB(GetHistoryRequest) p = PB_INIT(GET_HISTORY_REQUEST);

    p.job = (char *)m->job;
    p.run = m->run;
    p.from_unix_ms = m->from_ms;
    p.to_unix_ms = m->to_ms;
    p.points = m->points;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_get_history_request(const uint8_t *data, size_t n,
                                        struct fw_history_request *out,
                                        struct fw_err *err)
{
    PB(GetHistoryRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__get_history_request__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_history_request){0};
    if (s != FW_OK)
        return s;
    s = fw_text_take_name("job", p->job, out->job, p->run != 0, err);
    out->run = p->run;
    out->from_ms = p->from_unix_ms;
    out->to_ms = p->to_unix_ms;
    out->points = p->points;
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

static void pack_series(const struct fw_history_series *m,
                        PB(HistorySeries) * items, PB(HistorySeries) * *list)
{
    for (unsigned i = 0; i < FW_SERIES_COUNT; i++) {
        items[i] = (PB(HistorySeries))PB_INIT(HISTORY_SERIES);
        items[i].name = (char *)fw_series_name(i);
        items[i].n_min = m->n;
        items[i].min = fw_history_low(m, (enum fw_series)i);
        items[i].n_max = m->n;
        items[i].max = fw_history_high(m, (enum fw_series)i);
        list[i] = &items[i];
    }
}

fw_status fw_encode_get_history_response(const struct fw_history_series *m,
                                         struct fw_bytes *out)
{
    PB(GetHistoryResponse) p = PB_INIT(GET_HISTORY_RESPONSE);
    PB(HistorySeries) items[FW_SERIES_COUNT];
    PB(HistorySeries) * list[FW_SERIES_COUNT];
    uint64_t *versions = fw_mem_array(m->n, sizeof(*versions));
    fw_status s;

    if (!versions)
        return FW_NOMEM;
    for (uint32_t i = 0; i < m->n; i++)
        versions[i] = (uint64_t)fw_history_column(m, FW_HISTORY_VERSION)[i];
    pack_series(m, items, list);
    p.job = (char *)m->job;
    p.run = m->run;
    p.resolution_s = m->resolution_s;
    p.rows = m->rows;
    p.n_time = m->n;
    p.time = fw_history_column(m, FW_HISTORY_TIME);
    p.n_version = m->n;
    p.version = versions;
    p.n_worker_seconds = m->n;
    p.worker_seconds = fw_history_column(m, FW_HISTORY_WORKER_SECONDS);
    p.n_series = FW_SERIES_COUNT;
    p.series = list;
    s = fw_pack(&p.base, out);
    free(versions);
    return s;
}

/* The series of a name; FW_SERIES_COUNT: one that is not known here. */
static unsigned series_of(const char *name)
{
    unsigned i = 0;

    while (i < FW_SERIES_COUNT && strcmp(fw_series_name(i), name) != 0)
        i++;
    return i;
}

static fw_status take_series(const PB(HistorySeries) * p,
                             struct fw_history_series *m, struct fw_err *err)
{
    unsigned i = series_of(p->name);

    if (p->n_min != m->n || p->n_max != m->n)
        return FW_REFUSE(err, MESSAGE_INVALID,
                         "a series of %zu and %zu for %u points", p->n_min,
                         p->n_max, m->n);
    if (i == FW_SERIES_COUNT || m->n == 0)
        return FW_OK;
    memcpy(fw_history_low(m, (enum fw_series)i), p->min,
           m->n * sizeof(*p->min));
    memcpy(fw_history_high(m, (enum fw_series)i), p->max,
           m->n * sizeof(*p->max));
    return FW_OK;
}

static fw_status take_points(const PB(GetHistoryResponse) * p,
                             struct fw_history_series *m, struct fw_err *err)
{
    fw_status s;

    if (p->n_time > FW_HISTORY_POINTS_MAX || p->n_version != p->n_time ||
        p->n_worker_seconds != p->n_time)
        return FW_REFUSE(err, MESSAGE_INVALID,
                         "a history of %zu times and %zu versions", p->n_time,
                         p->n_version);
    s = fw_history_series_init(m, (uint32_t)p->n_time);
    if (s != FW_OK)
        return fw_err_set(err, s, "no memory for a history");
    for (uint32_t i = 0; i < m->n; i++) {
        fw_history_column(m, FW_HISTORY_TIME)[i] = p->time[i];
        fw_history_column(m, FW_HISTORY_VERSION)[i] = (double)p->version[i];
        fw_history_column(m, FW_HISTORY_WORKER_SECONDS)[i] =
            p->worker_seconds[i];
    }
    for (size_t i = 0; i < p->n_series && s == FW_OK; i++)
        s = take_series(p->series[i], m, err);
    return s;
}

fw_status fw_decode_get_history_response(const uint8_t *data, size_t n,
                                         struct fw_history_series *out,
                                         struct fw_err *err)
{
    PB(GetHistoryResponse) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__get_history_response__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_history_series){.n = 0};
    if (s != FW_OK)
        return s;
    s = fw_text_take_name("job", p->job, out->job, false, err);
    out->run = p->run;
    out->resolution_s = p->resolution_s;
    out->rows = p->rows;
    if (s == FW_OK)
        s = take_points(p, out, err);
    if (s != FW_OK)
        fw_history_series_close(out);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_list_runs_request(const struct fw_runs_request *m,
                                      struct fw_bytes *out)
{
    PB(ListRunsRequest) p = PB_INIT(LIST_RUNS_REQUEST);

    p.job = (char *)m->job;
    p.limit = m->limit;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_list_runs_request(const uint8_t *data, size_t n,
                                      struct fw_runs_request *out,
                                      struct fw_err *err)
{
    PB(ListRunsRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__list_runs_request__descriptor, data,
                            n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_runs_request){.limit = 0};
    if (s != FW_OK)
        return s;
    s = fw_text_take_name("job", p->job, out->job, true, err);
    out->limit = p->limit;
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

static void pack_run(const struct fw_history_run *m, PB(Run) * p)
{
    *p = (PB(Run))PB_INIT(RUN);
    p->id = m->id;
    p->job = (char *)m->job;
    p->started_unix_ms = m->started_ms;
    p->last_unix_ms = m->last_ms;
    p->ended_unix_ms = m->ended_ms;
    p->version = m->version;
    p->updates = m->updates;
    p->loss = m->loss;
    p->validation_loss = m->validation_loss;
    p->worker_seconds = m->worker_seconds;
    p->law = (PB(Law))m->law;
}

fw_status fw_encode_list_runs_response(const struct fw_run_list *m,
                                       struct fw_bytes *out)
{
    PB(ListRunsResponse) p = PB_INIT(LIST_RUNS_RESPONSE);
    fw_status s;

    if (!fw_pack_list(m->n, sizeof(PB(Run)), &p.runs))
        return FW_NOMEM;
    p.n_runs = m->n;
    for (uint32_t i = 0; i < m->n; i++)
        pack_run(&m->items[i], p.runs[i]);
    s = fw_pack(&p.base, out);
    free(p.runs);
    return s;
}

static fw_status take_run(const PB(Run) * p, struct fw_history_run *m,
                          struct fw_err *err)
{
    fw_status s = fw_take_enum("run.law", p->law, 0, FW_LAW_MANUAL, err);

    *m = (struct fw_history_run){
        .id = p->id,
        .started_ms = p->started_unix_ms,
        .last_ms = p->last_unix_ms,
        .ended_ms = p->ended_unix_ms,
        .version = p->version,
        .updates = p->updates,
        .loss = p->loss,
        .validation_loss = p->validation_loss,
        .worker_seconds = p->worker_seconds,
        .law = (enum fw_law)p->law,
    };
    return s == FW_OK ? fw_text_take_name("run.job", p->job, m->job, false, err)
                      : s;
}

fw_status fw_decode_list_runs_response(const uint8_t *data, size_t n,
                                       struct fw_run_list *out,
                                       struct fw_err *err)
{
    PB(ListRunsResponse) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__list_runs_response__descriptor, data,
                            n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_run_list){0};
    if (s != FW_OK)
        return s;
    if (p->n_runs > FW_HISTORY_RUNS_MAX)
        s = FW_REFUSE(err, MESSAGE_INVALID, "%zu runs", p->n_runs);
    if (s == FW_OK) {
        out->items = fw_mem_array(p->n_runs, sizeof(*out->items));
        if (!out->items)
            s = fw_err_set(err, FW_NOMEM, "no memory for a list of runs");
    }
    for (size_t i = 0; out->items && s == FW_OK && i < p->n_runs; i++) {
        s = take_run(p->runs[i], &out->items[i], err);
        out->n++;
    }
    if (s != FW_OK)
        fw_run_list_close(out);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}
