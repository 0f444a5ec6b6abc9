/* fw_admin: CheckpointService. */
#include "sdk/client/admin.h"
#include "sdk/client/method.h"
#include "sdk/client/unary.h"
#include "sdk/wire/codec.h"

/* Call with what was encoded, unless that failed; the caller closes `answer`.
 * Closes `body`. */
static fw_status call(struct fw_admin *a, const char *method,
                      struct fw_bytes *body, struct fw_bytes *answer,
                      fw_status encoded, struct fw_err *err)
{
    fw_status s = encoded;

    if (s == FW_OK)
        s = fw_unary(&a->connection, method, body, answer, a->timeout_ms, err);
    else
        (void)fw_err_set(err, s, "no memory for a request");
    fw_bytes_close(body);
    return s;
}

fw_status fw_admin_save(struct fw_admin *a, const struct fw_checkpoint_ref *m,
                        struct fw_checkpoint_info *out, struct fw_err *err)
{
    struct fw_bytes body = {0};
    struct fw_bytes answer = {0};
    fw_status s = fw_encode_save_checkpoint_request(m, &body);

    s = call(a, FW_METHOD_SAVE_CHECKPOINT, &body, &answer, s, err);
    if (s == FW_OK)
        s = fw_decode_save_checkpoint_response(answer.data, answer.n, out, err);
    fw_bytes_close(&answer);
    return s;
}

fw_status fw_admin_checkpoints(struct fw_admin *a,
                               const struct fw_checkpoint_ref *m,
                               struct fw_checkpoint_list *out,
                               struct fw_err *err)
{
    struct fw_bytes body = {0};
    struct fw_bytes answer = {0};
    fw_status s = fw_encode_list_checkpoints_request(m, &body);

    s = call(a, FW_METHOD_LIST_CHECKPOINTS, &body, &answer, s, err);
    if (s == FW_OK)
        s = fw_decode_list_checkpoints_response(answer.data, answer.n, out,
                                                err);
    fw_bytes_close(&answer);
    return s;
}

fw_status fw_admin_verify(struct fw_admin *a, const struct fw_checkpoint_ref *m,
                          struct fw_checkpoint_list *out, struct fw_err *err)
{
    struct fw_bytes body = {0};
    struct fw_bytes answer = {0};
    fw_status s = fw_encode_verify_checkpoints_request(m, &body);

    s = call(a, FW_METHOD_VERIFY_CHECKPOINTS, &body, &answer, s, err);
    if (s == FW_OK)
        s = fw_decode_verify_checkpoints_response(answer.data, answer.n, out,
                                                  err);
    fw_bytes_close(&answer);
    return s;
}

fw_status fw_admin_restore(struct fw_admin *a,
                           const struct fw_checkpoint_ref *m,
                           struct fw_checkpoint_info *out, struct fw_err *err)
{
    struct fw_bytes body = {0};
    struct fw_bytes answer = {0};
    fw_status s = fw_encode_restore_checkpoint_request(m, &body);

    s = call(a, FW_METHOD_RESTORE_CHECKPOINT, &body, &answer, s, err);
    if (s == FW_OK)
        s = fw_decode_restore_checkpoint_response(answer.data, answer.n, out,
                                                  err);
    fw_bytes_close(&answer);
    return s;
}
