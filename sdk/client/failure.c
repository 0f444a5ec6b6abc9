#include "sdk/client/failure.h"

#include <grpc/slice.h>

#include "sdk/wire/codec.h"
#include "sdk/wire/grpc_glue.h"
#include "sdk/wire/reason.h"

#define DETAILS_KEY "grpc-status-details-bin"

void fw_ending_init(struct fw_ending *e)
{
    grpc_metadata_array_init(&e->trailers);
    e->code = GRPC_STATUS_OK;
    e->details = grpc_empty_slice();
}

void fw_ending_close(struct fw_ending *e)
{
    fw_metadata_close(&e->trailers);
    grpc_slice_unref(e->details);
    fw_ending_init(e);
}

grpc_op fw_ending_op(struct fw_ending *e)
{
    grpc_op op = {.op = GRPC_OP_RECV_STATUS_ON_CLIENT};

    op.data.recv_status_on_client.trailing_metadata = &e->trailers;
    op.data.recv_status_on_client.status = &e->code;
    op.data.recv_status_on_client.status_details = &e->details;
    return op;
}

/* The reason in the trailers; empty if there is none. */
static void find_reason(const struct fw_ending *e, struct fw_err *err)
{
    for (size_t i = 0; i < e->trailers.count; i++) {
        const grpc_metadata *m = &e->trailers.metadata[i];

        if (grpc_slice_str_cmp(m->key, DETAILS_KEY) == 0)
            fw_decode_error(GRPC_SLICE_START_PTR(m->value),
                            GRPC_SLICE_LENGTH(m->value), err);
    }
}

fw_status fw_ending_status(const struct fw_ending *e, struct fw_err *err)
{
    fw_status s = fw_reason_from_grpc_code((int)e->code);
    struct fw_err found;
    fw_status known;

    if (s == FW_OK)
        return s;
    (void)fw_err_set(&found, s, "%.*s", (int)GRPC_SLICE_LENGTH(e->details),
                     (const char *)GRPC_SLICE_START_PTR(e->details));
    find_reason(e, &found);
    if (!found.text[0])
        (void)fw_err_set(&found, s, "%s", fw_status_text(s));
    known = fw_reason_status(found.reason);
    if (found.reason[0] && known != FW_INTERNAL)
        s = known;
    if (err)
        *err = found;
    return s;
}
