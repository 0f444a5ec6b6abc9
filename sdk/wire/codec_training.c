/* The unary messages of TrainingService. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/wire/codec.h"
#include "sdk/wire/pack.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/text.h"

#include "flywheel/v1/training_service.pb-c.h"

#define ACCURACY_KNOWN FLYWHEEL__V1__REPORT_REQUEST__ACCURACY_IF_KNOWN_ACCURACY

static fw_status take_session(ProtobufCBinaryData in,
                              uint8_t out[FW_SESSION_BYTES], struct fw_err *err)
{
    if (in.len != FW_SESSION_BYTES)
        return FW_REFUSE(err, MESSAGE_INVALID, "session is %zu bytes, not %d",
                         in.len, FW_SESSION_BYTES);
    memcpy(out, in.data, FW_SESSION_BYTES);
    return FW_OK;
}

fw_status fw_encode_join_request(const struct fw_join_request *m,
                                 struct fw_bytes *out)
{
    PB(JoinRequest) p = PB_INIT(JOIN_REQUEST);
    fw_status s;

    p.job = (char *)m->job;
    p.worker = (char *)m->worker;
    p.wire_dtype = (PB(Dtype))m->wire_dtype;
    p.protocol_min = m->protocol_min;
    p.protocol_max = m->protocol_max;
    s = fw_pack_tensors(&m->tensors, &p.n_tensors, &p.tensors);
    if (s == FW_OK)
        s = fw_pack(&p.base, out);
    free(p.tensors);
    return s;
}

fw_status fw_decode_join_request(const uint8_t *data, size_t n,
                                 struct fw_join_request *out,
                                 struct fw_err *err)
{
    PB(JoinRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__join_request__descriptor, data, n,
                            (ProtobufCMessage **)&p, err);

    *out = (struct fw_join_request){0};
    if (s != FW_OK)
        return s;
    s = fw_text_take_name("job", p->job, out->job, false, err);
    if (s == FW_OK)
        s = fw_text_take_name("worker", p->worker, out->worker, false, err);
    if (s == FW_OK)
        s = fw_take_enum("wire_dtype", p->wire_dtype, 0, FW_DTYPE_TOPK, err);
    if (s == FW_OK)
        s = fw_take_tensors(p->n_tensors, p->tensors, &out->tensors, err);
    out->wire_dtype =
        p->wire_dtype ? (enum fw_dtype)p->wire_dtype : FW_DTYPE_F32;
    out->protocol_min = p->protocol_min;
    out->protocol_max = p->protocol_max;
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_join_response(const struct fw_join_response *m,
                                  struct fw_bytes *out)
{
    PB(JoinResponse) p = PB_INIT(JOIN_RESPONSE);

    p.session.data = (uint8_t *)m->session;
    p.session.len = FW_SESSION_BYTES;
    p.epoch = m->epoch;
    p.wire_dtype = (PB(Dtype))m->wire_dtype;
    p.n_elements = m->n_elements;
    p.chunk_elements = m->chunk_elements;
    p.initialized = m->initialized;
    p.version = m->version;
    p.incarnation = m->incarnation;
    p.lease_ms = m->lease_ms;
    p.heartbeat_ms = m->heartbeat_ms;
    p.probe_interval = m->probe_interval;
    p.protocol = m->protocol;
    p.resume_sequence = m->resume_sequence;
    p.probe = m->probe;
    p.port = m->port;
    p.lane_port = m->lane_port;
    p.lane_tls_port = m->lane_tls_port;
    p.lane_local = (char *)m->lane_local;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_join_response(const uint8_t *data, size_t n,
                                  struct fw_join_response *out,
                                  struct fw_err *err)
{
    PB(JoinResponse) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__join_response__descriptor, data, n,
                            (ProtobufCMessage **)&p, err);

    *out = (struct fw_join_response){0};
    if (s != FW_OK)
        return s;
    s = fw_take_enum("wire_dtype", p->wire_dtype, FW_DTYPE_F32, FW_DTYPE_TOPK,
                     err);
    if (s == FW_OK)
        s = take_session(p->session, out->session, err);
    out->epoch = p->epoch;
    out->wire_dtype = (enum fw_dtype)p->wire_dtype;
    out->n_elements = p->n_elements;
    out->chunk_elements = p->chunk_elements;
    out->initialized = p->initialized;
    out->version = p->version;
    out->incarnation = p->incarnation;
    out->lease_ms = p->lease_ms;
    out->heartbeat_ms = p->heartbeat_ms;
    out->probe_interval = p->probe_interval;
    out->protocol = p->protocol;
    out->resume_sequence = p->resume_sequence;
    out->probe = p->probe;
    out->port = p->port;
    out->lane_port = p->lane_port;
    out->lane_tls_port = p->lane_tls_port;
    if (strlen(p->lane_local) <= FW_LANE_LOCAL_MAX) /* else one does without */
        snprintf(out->lane_local, sizeof(out->lane_local), "%s", p->lane_local);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_leave_request(const struct fw_session_key *m,
                                  struct fw_bytes *out)
{
    PB(LeaveRequest) p = PB_INIT(LEAVE_REQUEST);

    p.job = (char *)m->job;
    p.session.data = (uint8_t *)m->session;
    p.session.len = FW_SESSION_BYTES;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_leave_request(const uint8_t *data, size_t n,
                                  struct fw_session_key *out,
                                  struct fw_err *err)
{
    PB(LeaveRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__leave_request__descriptor, data, n,
                            (ProtobufCMessage **)&p, err);

    *out = (struct fw_session_key){0};
    if (s != FW_OK)
        return s;
    s = fw_text_take_name("job", p->job, out->job, false, err);
    if (s == FW_OK)
        s = take_session(p->session, out->session, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_initialize_response(const struct fw_initialize_response *m,
                                        struct fw_bytes *out)
{
    PB(InitializeResponse) p = PB_INIT(INITIALIZE_RESPONSE);

    p.version = m->version;
    p.already_initialized = m->already_initialized;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_initialize_response(const uint8_t *data, size_t n,
                                        struct fw_initialize_response *out,
                                        struct fw_err *err)
{
    PB(InitializeResponse) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__initialize_response__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_initialize_response){0};
    if (s != FW_OK)
        return s;
    out->version = p->version;
    out->already_initialized = p->already_initialized;
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return FW_OK;
}

fw_status fw_encode_pull_request(const struct fw_pull_request *m,
                                 struct fw_bytes *out)
{
    PB(PullRequest) p = PB_INIT(PULL_REQUEST);

    p.job = (char *)m->job;
    p.wire_dtype = (PB(Dtype))m->wire_dtype;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_pull_request(const uint8_t *data, size_t n,
                                 struct fw_pull_request *out,
                                 struct fw_err *err)
{
    PB(PullRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__pull_request__descriptor, data, n,
                            (ProtobufCMessage **)&p, err);

    *out = (struct fw_pull_request){0};
    if (s != FW_OK)
        return s;
    s = fw_text_take_name("job", p->job, out->job, false, err);
    if (s == FW_OK)
        s = fw_take_enum("wire_dtype", p->wire_dtype, 0, FW_DTYPE_BF16, err);
    out->wire_dtype =
        p->wire_dtype ? (enum fw_dtype)p->wire_dtype : FW_DTYPE_F32;
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_report_request(const struct fw_report_request *m,
                                   struct fw_bytes *out)
{
    PB(ReportRequest) p = PB_INIT(REPORT_REQUEST);

    p.job = (char *)m->job;
    p.version = m->version;
    p.samples = m->samples;
    p.loss = m->loss;
    if (!isnan(m->accuracy)) {
        p.accuracy_if_known_case = ACCURACY_KNOWN;
        p.accuracy = m->accuracy;
    }
    return fw_pack(&p.base, out);
}

fw_status fw_decode_report_request(const uint8_t *data, size_t n,
                                   struct fw_report_request *out,
                                   struct fw_err *err)
{
    PB(ReportRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__report_request__descriptor, data, n,
                            (ProtobufCMessage **)&p, err);

    *out = (struct fw_report_request){.accuracy = NAN};
    if (s != FW_OK)
        return s;
    s = fw_text_take_name("job", p->job, out->job, false, err);
    out->version = p->version;
    out->samples = p->samples;
    out->loss = p->loss;
    if (p->accuracy_if_known_case == ACCURACY_KNOWN)
        out->accuracy = p->accuracy;
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}
