/* GetTrace: the staleness of single gradients. */
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/codec_status.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/text.h"

#define TAUS_MAX 65536u /* more than any server keeps */

fw_status fw_encode_get_trace_request(const struct fw_trace_request *m,
                                      struct fw_bytes *out)
{
    PB(GetTraceRequest) p = PB_INIT(GET_TRACE_REQUEST);

    p.job = (char *)m->job;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_get_trace_request(const uint8_t *data, size_t n,
                                      struct fw_trace_request *out,
                                      struct fw_err *err)
{
    PB(GetTraceRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__get_trace_request__descriptor, data,
                            n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_trace_request){0};
    if (s != FW_OK)
        return s;
    s = fw_text_take_name("job", p->job, out->job, false, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_get_trace_response(const struct fw_trace_response *m,
                                       struct fw_bytes *out)
{
    PB(GetTraceResponse) p = PB_INIT(GET_TRACE_RESPONSE);

    p.n_tau = m->n;
    p.tau = m->taus;
    p.workers = m->workers;
    p.version = m->version;
    return fw_pack(&p.base, out);
}

static fw_status take_taus(const PB(GetTraceResponse) * p,
                           struct fw_trace_response *out, struct fw_err *err)
{
    if (p->n_tau > TAUS_MAX)
        return FW_REFUSE(err, MESSAGE_INVALID, "a trace of %zu gradients",
                         p->n_tau);
    out->taus = fw_mem_array(p->n_tau, sizeof(*out->taus));
    if (!out->taus)
        return fw_err_set(err, FW_NOMEM, "no memory for a trace");
    if (p->n_tau)
        memcpy(out->taus, p->tau, p->n_tau * sizeof(*out->taus));
    out->n = (uint32_t)p->n_tau;
    return FW_OK;
}

fw_status fw_decode_get_trace_response(const uint8_t *data, size_t n,
                                       struct fw_trace_response *out,
                                       struct fw_err *err)
{
    PB(GetTraceResponse) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__get_trace_response__descriptor, data,
                            n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_trace_response){0};
    if (s != FW_OK)
        return s;
    out->workers = p->workers;
    out->version = p->version;
    s = take_taus(p, out, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}
