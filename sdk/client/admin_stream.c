/* The calls of admin.h that answer with a stream: Pull and WatchStatus. */
#include <inttypes.h>
#include <stdio.h>

#include "sdk/client/admin.h"
#include "sdk/client/method.h"
#include "sdk/client/transfer.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/reason.h"

/* Take one PullResponse. */
static fw_status take_chunk(struct fw_receiver *rx, const struct fw_message *m,
                            struct fw_err *err)
{
    struct fw_parameters_head head;
    struct fw_run data;
    fw_status s =
        fw_decode_pull_response(m->spans, m->n_spans, &head, &data, err);

    if (s != FW_OK)
        return s;
    if (head.n_elements != rx->n)
        return FW_REFUSE(err, SHAPE_MISMATCH,
                         "the job has %" PRIu64 " elements, not %" PRIu64,
                         head.n_elements, rx->n);
    return fw_receiver_take(rx, &head, &data, err);
}

static fw_status take_all(struct fw_inbox *in, struct fw_receiver *rx,
                          uint32_t timeout_ms, struct fw_err *err)
{
    fw_status s = FW_OK;

    while (s == FW_OK && !fw_receiver_done(rx)) {
        struct fw_message m = {0};

        s = fw_inbox_take(in, timeout_ms, &m, err);
        if (s == FW_OK)
            s = take_chunk(rx, &m, err);
        else if (s == FW_CLOSED)
            s = fw_err_set(err, FW_UNAVAILABLE,
                           "the server ended the stream after %" PRIu64
                           " of %" PRIu64 " elements",
                           rx->next, rx->n);
        fw_message_close(&m);
    }
    return s;
}

fw_status fw_admin_pull(struct fw_admin *a, const char *job, float *values,
                        uint64_t n, uint64_t *version, struct fw_err *err)
{
    struct fw_receiver rx = {.values = values, .n = n, .dtype = FW_DTYPE_F32};
    struct fw_pull_request m = {.wire_dtype = FW_DTYPE_F32};
    struct fw_bytes body = {0};
    struct fw_inbox in = {0};
    fw_status s;

    snprintf(m.job, sizeof(m.job), "%s", job);
    s = fw_encode_pull_request(&m, &body);
    if (s == FW_OK)
        s = fw_inbox_open(&in, &a->connection, FW_METHOD_PULL, &body, err);
    else
        (void)fw_err_set(err, s, "no memory for a request");
    if (s == FW_OK)
        s = take_all(&in, &rx, a->timeout_ms, err);
    if (s == FW_OK)
        *version = rx.version;
    fw_inbox_close(&in);
    fw_bytes_close(&body);
    return s;
}

fw_status fw_admin_watch_open(struct fw_admin *a,
                              const struct fw_status_request *m,
                              struct fw_admin_watch *watch, struct fw_err *err)
{
    struct fw_bytes body = {0};
    fw_status s = fw_encode_watch_status_request(m, &body);

    *watch = (struct fw_admin_watch){0};
    if (s == FW_OK)
        s = fw_inbox_open(&watch->inbox, &a->connection, FW_METHOD_WATCH_STATUS,
                          &body, err);
    else
        (void)fw_err_set(err, s, "no memory for a request");
    fw_bytes_close(&body);
    return s;
}

fw_status fw_admin_watch_next(struct fw_admin_watch *watch, uint32_t timeout_ms,
                              struct fw_watch_response *out, struct fw_err *err)
{
    struct fw_bytes scratch = {0};
    struct fw_message m;
    struct fw_span flat;
    fw_status s = fw_inbox_take(&watch->inbox, timeout_ms, &m, err);

    if (s != FW_OK)
        return s;
    s = fw_message_flat(&m, &scratch, &flat);
    if (s == FW_OK)
        s = fw_decode_watch_status_response(flat.data, flat.n, out, err);
    else
        (void)fw_err_set(err, s, "no memory for an answer");
    fw_bytes_close(&scratch);
    fw_message_close(&m);
    return s;
}

void fw_admin_watch_close(struct fw_admin_watch *watch)
{
    fw_inbox_close(&watch->inbox);
}
