/* CheckpointService. */
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/pack.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/text.h"

#include "flywheel/v1/checkpoint_service.pb-c.h"

#define CHECKPOINTS_MAX 100000u

void fw_checkpoint_list_close(struct fw_checkpoint_list *m)
{
    free(m->items);
    *m = (struct fw_checkpoint_list){0};
}

static fw_status take_ref(const char *job, uint64_t version, const char *id,
                          struct fw_checkpoint_ref *out, struct fw_err *err)
{
    fw_status s = fw_text_take_name("job", job, out->job, false, err);

    out->version = version;
    if (s == FW_OK)
        s = fw_text_take_name("request_id", id, out->request_id, true, err);
    return s;
}

fw_status fw_encode_save_checkpoint_request(const struct fw_checkpoint_ref *m,
                                            struct fw_bytes *out)
{
    PB(SaveCheckpointRequest) p = PB_INIT(SAVE_CHECKPOINT_REQUEST);

    p.job = (char *)m->job;
    p.request_id = (char *)m->request_id;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_save_checkpoint_request(const uint8_t *data, size_t n,
                                            struct fw_checkpoint_ref *out,
                                            struct fw_err *err)
{
    PB(SaveCheckpointRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__save_checkpoint_request__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_checkpoint_ref){0};
    if (s != FW_OK)
        return s;
    s = take_ref(p->job, 0, p->request_id, out, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_save_checkpoint_response(const struct fw_checkpoint_info *m,
                                             struct fw_bytes *out)
{
    PB(SaveCheckpointResponse) p = PB_INIT(SAVE_CHECKPOINT_RESPONSE);

    p.version = m->version;
    p.file = (char *)m->file;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_save_checkpoint_response(const uint8_t *data, size_t n,
                                             struct fw_checkpoint_info *out,
                                             struct fw_err *err)
{
    PB(SaveCheckpointResponse) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__save_checkpoint_response__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_checkpoint_info){0};
    if (s != FW_OK)
        return s;
    out->version = p->version;
    s = fw_text_take("file", p->file, out->file, sizeof(out->file), err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_list_checkpoints_request(const struct fw_checkpoint_ref *m,
                                             struct fw_bytes *out)
{
    PB(ListCheckpointsRequest) p = PB_INIT(LIST_CHECKPOINTS_REQUEST);

    p.job = (char *)m->job;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_list_checkpoints_request(const uint8_t *data, size_t n,
                                             struct fw_checkpoint_ref *out,
                                             struct fw_err *err)
{
    PB(ListCheckpointsRequest) *p = NULL;
    fw_status s = fw_unpack(&flywheel__v1__list_checkpoints_request__descriptor,
                            data, n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_checkpoint_ref){0};
    if (s != FW_OK)
        return s;
    s = take_ref(p->job, 0, "", out, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

static fw_status take_info(const PB(Checkpoint) * p,
                           struct fw_checkpoint_info *out, struct fw_err *err)
{
    fw_status s =
        fw_take_enum("state", p->state, 0, FW_CHECKPOINT_SET_ASIDE, err);

    out->version = p->version;
    out->bytes = p->bytes;
    out->state = (enum fw_checkpoint_state)p->state;
    if (s == FW_OK)
        s = fw_text_take("file", p->file, out->file, sizeof(out->file), err);
    if (s == FW_OK)
        s = fw_text_take("detail", p->detail, out->detail, sizeof(out->detail),
                         err);
    return s;
}

fw_status fw_encode_list_checkpoints_response(
    const struct fw_checkpoint_list *m, struct fw_bytes *out)
{
    PB(ListCheckpointsResponse) p = PB_INIT(LIST_CHECKPOINTS_RESPONSE);
    fw_status s;

    if (!fw_pack_list(m->n, sizeof(PB(Checkpoint)), &p.checkpoints))
        return FW_NOMEM;
    for (uint32_t i = 0; i < m->n; i++) {
        PB(Checkpoint) *to = p.checkpoints[i];

        *to = (PB(Checkpoint))PB_INIT(CHECKPOINT);
        to->version = m->items[i].version;
        to->file = m->items[i].file;
        to->bytes = m->items[i].bytes;
        to->state = (PB(CheckpointState))m->items[i].state;
        to->detail = m->items[i].detail;
    }
    p.n_checkpoints = m->n;
    s = fw_pack(&p.base, out);
    free(p.checkpoints);
    return s;
}

fw_status fw_decode_list_checkpoints_response(const uint8_t *data, size_t n,
                                              struct fw_checkpoint_list *out,
                                              struct fw_err *err)
{
    PB(ListCheckpointsResponse) *p = NULL;
    fw_status s =
        fw_unpack(&flywheel__v1__list_checkpoints_response__descriptor, data, n,
                  (ProtobufCMessage **)&p, err);

    *out = (struct fw_checkpoint_list){0};
    if (s != FW_OK)
        return s;
    if (p->n_checkpoints > CHECKPOINTS_MAX)
        s = FW_REFUSE(err, MESSAGE_INVALID, "%zu checkpoints",
                      p->n_checkpoints);
    if (s == FW_OK) {
        out->items = fw_mem_array(p->n_checkpoints, sizeof(*out->items));
        if (!out->items)
            s = fw_err_set(err, FW_NOMEM, "out of memory");
    }
    for (size_t i = 0; s == FW_OK && out->items && i < p->n_checkpoints; i++)
        s = take_info(p->checkpoints[i], &out->items[out->n++], err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    if (s != FW_OK)
        fw_checkpoint_list_close(out);
    return s;
}

/* Both lists have the same fields under the same numbers. */
fw_status fw_encode_verify_checkpoints_request(
    const struct fw_checkpoint_ref *m, struct fw_bytes *out)
{
    PB(VerifyCheckpointsRequest) p = PB_INIT(VERIFY_CHECKPOINTS_REQUEST);

    p.job = (char *)m->job;
    p.version = m->version;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_verify_checkpoints_request(const uint8_t *data, size_t n,
                                               struct fw_checkpoint_ref *out,
                                               struct fw_err *err)
{
    PB(VerifyCheckpointsRequest) *p = NULL;
    fw_status s =
        fw_unpack(&flywheel__v1__verify_checkpoints_request__descriptor, data,
                  n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_checkpoint_ref){0};
    if (s != FW_OK)
        return s;
    s = take_ref(p->job, p->version, "", out, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_verify_checkpoints_response(
    const struct fw_checkpoint_list *m, struct fw_bytes *out)
{
    return fw_encode_list_checkpoints_response(m, out);
}

fw_status fw_decode_verify_checkpoints_response(const uint8_t *data, size_t n,
                                                struct fw_checkpoint_list *out,
                                                struct fw_err *err)
{
    return fw_decode_list_checkpoints_response(data, n, out, err);
}

fw_status fw_encode_restore_checkpoint_request(
    const struct fw_checkpoint_ref *m, struct fw_bytes *out)
{
    PB(RestoreCheckpointRequest) p = PB_INIT(RESTORE_CHECKPOINT_REQUEST);

    p.job = (char *)m->job;
    p.version = m->version;
    p.request_id = (char *)m->request_id;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_restore_checkpoint_request(const uint8_t *data, size_t n,
                                               struct fw_checkpoint_ref *out,
                                               struct fw_err *err)
{
    PB(RestoreCheckpointRequest) *p = NULL;
    fw_status s =
        fw_unpack(&flywheel__v1__restore_checkpoint_request__descriptor, data,
                  n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_checkpoint_ref){0};
    if (s != FW_OK)
        return s;
    s = take_ref(p->job, p->version, p->request_id, out, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return s;
}

fw_status fw_encode_restore_checkpoint_response(
    const struct fw_checkpoint_info *m, struct fw_bytes *out)
{
    PB(RestoreCheckpointResponse) p = PB_INIT(RESTORE_CHECKPOINT_RESPONSE);

    p.version = m->version;
    return fw_pack(&p.base, out);
}

fw_status fw_decode_restore_checkpoint_response(const uint8_t *data, size_t n,
                                                struct fw_checkpoint_info *out,
                                                struct fw_err *err)
{
    PB(RestoreCheckpointResponse) *p = NULL;
    fw_status s =
        fw_unpack(&flywheel__v1__restore_checkpoint_response__descriptor, data,
                  n, (ProtobufCMessage **)&p, err);

    *out = (struct fw_checkpoint_info){0};
    if (s != FW_OK)
        return s;
    out->version = p->version;
    protobuf_c_message_free_unpacked(&p->base, NULL);
    return FW_OK;
}
