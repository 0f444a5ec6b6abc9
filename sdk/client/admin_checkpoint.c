/* fw_admin: CheckpointService. */
#include "sdk/client/admin.h"
#include "sdk/client/exchange.h"
#include "sdk/client/method.h"
#include "sdk/wire/codec.h"

fw_status fw_admin_save(struct fw_admin *a, const struct fw_checkpoint_ref *m,
                        struct fw_checkpoint_info *out, struct fw_err *err)
{
    struct fw_exchange x = {0};
    fw_status s = fw_encode_save_checkpoint_request(m, &x.body);

    s = fw_exchange_call(&x, a, FW_METHOD_SAVE_CHECKPOINT, s, err);
    if (s == FW_OK)
        s = fw_decode_save_checkpoint_response(x.answer.data, x.answer.n, out,
                                               err);
    fw_exchange_close(&x);
    return s;
}

fw_status fw_admin_checkpoints(struct fw_admin *a,
                               const struct fw_checkpoint_ref *m,
                               struct fw_checkpoint_list *out,
                               struct fw_err *err)
{
    struct fw_exchange x = {0};
    fw_status s = fw_encode_list_checkpoints_request(m, &x.body);

    s = fw_exchange_call(&x, a, FW_METHOD_LIST_CHECKPOINTS, s, err);
    if (s == FW_OK)
        s = fw_decode_list_checkpoints_response(x.answer.data, x.answer.n, out,
                                                err);
    fw_exchange_close(&x);
    return s;
}

fw_status fw_admin_verify(struct fw_admin *a, const struct fw_checkpoint_ref *m,
                          struct fw_checkpoint_list *out, struct fw_err *err)
{
    struct fw_exchange x = {0};
    fw_status s = fw_encode_verify_checkpoints_request(m, &x.body);

    s = fw_exchange_call(&x, a, FW_METHOD_VERIFY_CHECKPOINTS, s, err);
    if (s == FW_OK)
        s = fw_decode_verify_checkpoints_response(x.answer.data, x.answer.n,
                                                  out, err);
    fw_exchange_close(&x);
    return s;
}

fw_status fw_admin_restore(struct fw_admin *a,
                           const struct fw_checkpoint_ref *m,
                           struct fw_checkpoint_info *out, struct fw_err *err)
{
    struct fw_exchange x = {0};
    fw_status s = fw_encode_restore_checkpoint_request(m, &x.body);

    s = fw_exchange_call(&x, a, FW_METHOD_RESTORE_CHECKPOINT, s, err);
    if (s == FW_OK)
        s = fw_decode_restore_checkpoint_response(x.answer.data, x.answer.n,
                                                  out, err);
    fw_exchange_close(&x);
    return s;
}
