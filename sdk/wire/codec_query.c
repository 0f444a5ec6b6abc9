/* The messages of StatusService around a job's status. */
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/codec_status.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/text.h"

#define JOBS_MAX      100000u
#define DECISIONS_MAX 100000u

fw_status fw_encode_get_status_request(const struct fw_status_request *m,
                                       struct fw_bytes *out)
{
    PB(GetStatusRequest) p = PB_INIT(GET_STATUS_REQUEST);

    p.job = (char *)m->job;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_get_status_request(const uint8_t *data, size_t n,
                                       struct fw_status_request *out,
                                       struct fw_err *err)
{
    PB(GetStatusRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__get_status_request__descriptor, data,
                            n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_status_request){0};
    if (s != FW_OK)
        return s;
    s = fw_text_take_name("job", p->job, out->job, true, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_watch_status_request(const struct fw_status_request *m,
                                         struct fw_bytes *out)
{
    PB(WatchStatusRequest) p = PB_INIT(WATCH_STATUS_REQUEST);

    p.job = (char *)m->job;
    p.interval_ms = m->interval_ms;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_watch_status_request(const uint8_t *data, size_t n,
                                         struct fw_status_request *out,
                                         struct fw_err *err)
{
    PB(WatchStatusRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__watch_status_request__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_status_request){0};
    if (s != FW_OK)
        return s;
    s = fw_text_take_name("job", p->job, out->job, false, err);
    out->interval_ms = p->interval_ms;
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

static void pack_server(const struct fw_server_status *m, PB(ServerStatus) * p)
{
    *p = (PB(ServerStatus))PB_INIT(SERVER_STATUS);
    p->version = (char *)m->version;
    p->incarnation = m->incarnation;
    p->uptime_ms = m->uptime_ms;
    p->unix_ms = m->unix_ms;
    p->jobs = m->jobs;
    p->draining = m->draining;
}

fw_status fw_encode_get_status_response(const struct fw_status_response *m,
                                        struct fw_bytes *out)
{
    PB(GetStatusResponse) p = PB_INIT(GET_STATUS_RESPONSE);
    PB(ServerStatus) server;
    struct fw_packed_status *packed = fw_mem_array(m->n_jobs, sizeof(*packed));
    fw_status s = FW_OK;

    if (!packed)
        return FW_NOMEM;
    p.jobs = fw_mem_array(m->n_jobs, sizeof(*p.jobs));
    if (!p.jobs)
        s = FW_NOMEM;
    for (uint32_t i = 0; i < m->n_jobs && s == FW_OK; i++) {
        s = fw_packed_status_init(&packed[i], &m->jobs[i]);
        p.jobs[p.n_jobs++] = &packed[i].status;
    }
    pack_server(&m->server, &server);
    p.server = &server;
    if (s == FW_OK)
        s = fw_pack(&p.base, out);
    for (size_t i = 0; i < p.n_jobs; i++)
        fw_packed_status_close(&packed[i]);
    free(p.jobs);
    free(packed);
    return s;
}

static fw_status take_server(const PB(ServerStatus) * p,
                             struct fw_server_status *m, struct fw_err *err)
{
    if (!p)
        return FW_REFUSE(err, MESSAGE_INVALID, "server is missing");
    m->incarnation = p->incarnation;
    m->uptime_ms = p->uptime_ms;
    m->unix_ms = p->unix_ms;
    m->jobs = p->jobs;
    m->draining = p->draining;
    return fw_text_take("server.version", p->version, m->version,
                        sizeof(m->version), err);
}

static fw_status take_jobs(const PB(GetStatusResponse) * p,
                           struct fw_status_response *m, struct fw_err *err)
{
    fw_status s = FW_OK;

    if (p->n_jobs > JOBS_MAX)
        return FW_REFUSE(err, MESSAGE_INVALID, "%zu jobs", p->n_jobs);
    m->jobs = fw_mem_array(p->n_jobs, sizeof(*m->jobs));
    if (!m->jobs)
        return fw_err_set(err, FW_NOMEM, "out of memory");
    for (size_t i = 0; i < p->n_jobs && s == FW_OK; i++) {
        s = fw_take_status(p->jobs[i], &m->jobs[i], err);
        m->n_jobs++;
    }
    return s;
}

fw_status fw_decode_get_status_response(const uint8_t *data, size_t n,
                                        struct fw_status_response *out,
                                        struct fw_err *err)
{
    PB(GetStatusResponse) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__get_status_response__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_status_response){0};
    if (s != FW_OK)
        return s;
    s = take_server(p->server, &out->server, err);
    if (s == FW_OK)
        s = take_jobs(p, out, err);
    if (s != FW_OK)
        fw_status_response_close(out);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_watch_status_response(const struct fw_watch_response *m,
                                          struct fw_bytes *out)
{
    PB(WatchStatusResponse) p = PB_INIT(WATCH_STATUS_RESPONSE);
    struct fw_packed_status packed = {0};
    fw_status s = fw_packed_status_init(&packed, &m->job);

    p.job = &packed.status;
    p.skipped = m->skipped;
    if (s == FW_OK)
        s = fw_pack(&p.base, out);
    fw_packed_status_close(&packed);
    return s;
}

fw_status fw_decode_watch_status_response(const uint8_t *data, size_t n,
                                          struct fw_watch_response *out,
                                          struct fw_err *err)
{
    PB(WatchStatusResponse) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__watch_status_response__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_watch_response){0};
    if (s != FW_OK)
        return s;
    s = fw_take_status(p->job, &out->job, err);
    out->skipped = p->skipped;
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_list_decisions_request(const struct fw_decisions_request *m,
                                           struct fw_bytes *out)
{
    PB(ListDecisionsRequest) p = PB_INIT(LIST_DECISIONS_REQUEST);

    p.job = (char *)m->job;
    p.after = m->after;
    p.limit = m->limit;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_list_decisions_request(const uint8_t *data, size_t n,
                                           struct fw_decisions_request *out,
                                           struct fw_err *err)
{
    PB(ListDecisionsRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__list_decisions_request__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_decisions_request){0};
    if (s != FW_OK)
        return s;
    s = fw_text_take_name("job", p->job, out->job, false, err);
    out->after = p->after;
    out->limit = p->limit;
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

static void pack_decision(const struct fw_decision_message *m, PB(Decision) * p)
{
    *p = (PB(Decision))PB_INIT(DECISION);
    p->index = m->index;
    p->unix_ms = m->unix_ms;
    p->version = m->version;
    p->workers = m->workers;
    p->staleness_mean = m->staleness_mean;
    p->staleness_deviation_ratio = m->staleness_deviation_ratio;
    p->curvature = m->curvature;
    p->law = (PB(Law))m->law;
    p->momentum_before = m->momentum_before;
    p->momentum_after = m->momentum_after;
    p->learning_rate_before = m->learning_rate_before;
    p->learning_rate_after = m->learning_rate_after;
    p->step_bound = m->step_bound;
    p->binding = (char *)m->binding;
    p->cause = (char *)m->cause;
    p->who = (char *)m->who;
    p->why = (char *)m->why;
    p->sentence = (char *)m->sentence;
}

fw_status fw_encode_list_decisions_response(const struct fw_decision_list *m,
                                            struct fw_bytes *out)
{
    PB(ListDecisionsResponse) p = PB_INIT(LIST_DECISIONS_RESPONSE);
    fw_status s;

    if (!fw_pack_list(m->n, sizeof(PB(Decision)), &p.decisions))
        return FW_NOMEM;
    p.n_decisions = m->n;
    for (uint32_t i = 0; i < m->n; i++)
        pack_decision(&m->items[i], p.decisions[i]);
    s = fw_pack(&p.base, out);
    free(p.decisions);
    return s;
}

static fw_status take_decision(const PB(Decision) * p,
                               struct fw_decision_message *m,
                               struct fw_err *err)
{
    fw_status s = fw_take_enum("decision.law", p->law, 0, FW_LAW_MANUAL, err);

    m->index = p->index;
    m->unix_ms = p->unix_ms;
    m->version = p->version;
    m->workers = p->workers;
    m->staleness_mean = p->staleness_mean;
    m->staleness_deviation_ratio = p->staleness_deviation_ratio;
    m->curvature = p->curvature;
    m->law = (enum fw_law)p->law;
    m->momentum_before = p->momentum_before;
    m->momentum_after = p->momentum_after;
    m->learning_rate_before = p->learning_rate_before;
    m->learning_rate_after = p->learning_rate_after;
    m->step_bound = p->step_bound;
    if (s == FW_OK)
        s = fw_text_take("decision.binding", p->binding, m->binding,
                         sizeof(m->binding), err);
    if (s == FW_OK)
        s = fw_text_take("decision.cause", p->cause, m->cause, sizeof(m->cause),
                         err);
    if (s == FW_OK)
        s = fw_text_take("decision.who", p->who, m->who, sizeof(m->who), err);
    if (s == FW_OK)
        s = fw_text_take("decision.why", p->why, m->why, sizeof(m->why), err);
    if (s == FW_OK)
        s = fw_text_take("decision.sentence", p->sentence, m->sentence,
                         sizeof(m->sentence), err);
    return s;
}

static fw_status take_decisions(const PB(ListDecisionsResponse) * p,
                                struct fw_decision_list *m, struct fw_err *err)
{
    fw_status s = FW_OK;

    if (p->n_decisions > DECISIONS_MAX)
        return FW_REFUSE(err, MESSAGE_INVALID, "%zu decisions", p->n_decisions);
    m->items = fw_mem_array(p->n_decisions, sizeof(*m->items));
    if (!m->items)
        return fw_err_set(err, FW_NOMEM, "out of memory");
    m->n = (uint32_t)p->n_decisions;
    for (size_t i = 0; i < p->n_decisions && s == FW_OK; i++)
        s = take_decision(p->decisions[i], &m->items[i], err);
    if (s != FW_OK)
        fw_decision_list_close(m);
    return s;
}

fw_status fw_decode_list_decisions_response(const uint8_t *data, size_t n,
                                            struct fw_decision_list *out,
                                            struct fw_err *err)
{
    PB(ListDecisionsResponse) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__list_decisions_response__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_decision_list){0};
    if (s != FW_OK)
        return s;
    s = take_decisions(p, out, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}
