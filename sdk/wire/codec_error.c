/* google.rpc.Status with an ErrorInfo, and grpc.health.v1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/wire/codec.h"
#include "sdk/wire/pack.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/text.h"

#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "grpc/health.pb-c.h"

#define ERROR_INFO_URL "type.googleapis.com/google.rpc.ErrorInfo"
#define RETRY_INFO_URL "type.googleapis.com/google.rpc.RetryInfo"
#define MS             1000u /* in a second */
#define NANOS_IN_MS    1000000u

/* Pack a detail; its bytes are `packed`'s. */
static fw_status put_detail(const ProtobufCMessage *m, const char *url,
                            struct fw_bytes *packed, Google__Protobuf__Any *any)
{
    fw_status s = fw_pack(m, packed);

    any->type_url = (char *)url;
    any->value.data = packed->data;
    any->value.len = packed->n;
    return s;
}

fw_status fw_encode_error(int grpc_code, const struct fw_err *err,
                          uint32_t retry_ms, struct fw_bytes *out)
{
    Google__Rpc__ErrorInfo info = GOOGLE__RPC__ERROR_INFO__INIT;
    Google__Rpc__RetryInfo retry = GOOGLE__RPC__RETRY_INFO__INIT;
    Google__Protobuf__Duration delay = GOOGLE__PROTOBUF__DURATION__INIT;
    Google__Protobuf__Any any[2] = {GOOGLE__PROTOBUF__ANY__INIT,
                                    GOOGLE__PROTOBUF__ANY__INIT};
    Google__Protobuf__Any *details[2] = {&any[0], &any[1]};
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    struct fw_bytes packed[2] = {{0}, {0}};
    fw_status s;

    if (!retry_ms)
        retry_ms = fw_reason_retry_ms(err);
    info.reason = (char *)err->reason;
    info.domain = (char *)FW_REASON_DOMAIN;
    delay.seconds = retry_ms / MS;
    delay.nanos = (int32_t)(retry_ms % MS * NANOS_IN_MS);
    retry.retry_delay = &delay;
    s = put_detail(&info.base, ERROR_INFO_URL, &packed[0], &any[0]);
    if (s == FW_OK && retry_ms)
        s = put_detail(&retry.base, RETRY_INFO_URL, &packed[1], &any[1]);
    status.code = grpc_code;
    status.message = (char *)err->text;
    status.details = details;
    if (err->reason[0])
        status.n_details = retry_ms ? 2 : 1;
    if (s == FW_OK)
        s = fw_pack(&status.base, out);
    fw_bytes_close(&packed[0]);
    fw_bytes_close(&packed[1]);
    return s;
}

/* Copy the reason of an ErrorInfo of ours. */
static void take_info(const Google__Protobuf__Any *any, struct fw_err *err)
{
    Google__Rpc__ErrorInfo *info;

    if (strcmp(any->type_url, ERROR_INFO_URL) != 0)
        return;
    info =
        google__rpc__error_info__unpack(NULL, any->value.len, any->value.data);
    if (!info)
        return;
    if (strcmp(info->domain, FW_REASON_DOMAIN) == 0 &&
        fw_text_take("reason", info->reason, err->reason, sizeof(err->reason),
                     NULL) != FW_OK)
        err->reason[0] = '\0';
    google__rpc__error_info__free_unpacked(info, NULL);
}

void fw_decode_error(const uint8_t *data, size_t n, struct fw_err *err)
{
    Google__Rpc__Status *status;

    if (!err || n > FW_MESSAGE_MAX_BYTES)
        return;
    status = google__rpc__status__unpack(NULL, n, data);
    if (!status)
        return;
    if (!err->text[0])
        snprintf(err->text, sizeof(err->text), "%s", status->message);
    for (size_t i = 0; i < status->n_details; i++)
        take_info(status->details[i], err);
    google__rpc__status__free_unpacked(status, NULL);
}

fw_status fw_decode_health_request(const uint8_t *data, size_t n,
                                   char service[FW_TEXT_MAX],
                                   struct fw_err *err)
{
    Grpc__Health__V1__HealthCheckRequest *p = NULL;
    fw_status s = fw_unpack(&grpc__health__v1__health_check_request__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    if (s != FW_OK)
        return s;
    s = fw_text_take("service", p->service, service, FW_TEXT_MAX, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_health_response(enum fw_health health, struct fw_bytes *out)
{
    Grpc__Health__V1__HealthCheckResponse p =
        GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;

    p.status = (Grpc__Health__V1__HealthCheckResponse__ServingStatus)health;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_health_response(const uint8_t *data, size_t n,
                                    enum fw_health *health, struct fw_err *err)
{
    Grpc__Health__V1__HealthCheckResponse *p = NULL;
    fw_status s =
        fw_unpack(&grpc__health__v1__health_check_response__descriptor, data, n,
                  (ProtobufCMessage **)&p, err);

    if (s != FW_OK)
        return s;
    s = fw_take_enum("status", (int)p->status, FW_HEALTH_UNKNOWN,
                     FW_HEALTH_SERVICE_UNKNOWN, err);
    if (s == FW_OK)
        *health = (enum fw_health)p->status;
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}
