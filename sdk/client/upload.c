#include "sdk/client/upload.h"

#include <stdio.h>

#include "sdk/client/method.h"
#include "sdk/client/transfer.h"
#include "sdk/wire/codec.h"

/* An upload on its way; the stream's lock guards it. */
struct upload {
    const char *job; /* lent by the caller */
    struct fw_stream stream;
    struct fw_sender tx;
    struct fw_loan loan;
    bool answered;
    struct fw_initialize_response answer;
};

static size_t write_head(const void *user, uint64_t offset, size_t bytes,
                         uint8_t out[FW_CHUNK_HEAD_MAX])
{
    const struct upload *u = user;
    struct fw_parameters_head head = {.offset = offset};

    if (offset == 0)
        snprintf(head.job, sizeof(head.job), "%s", u->job);
    return fw_chunk_initialize(&head, bytes, out);
}

static void on_sent(void *user)
{
    struct upload *u = user;

    fw_stream_progress(&u->stream);
    fw_sender_go_on(&u->tx, &u->stream);
}

static void on_received(void *user, struct fw_message *m)
{
    struct upload *u = user;
    struct fw_bytes scratch = {0};
    struct fw_span flat;
    struct fw_err err;
    fw_status s = fw_message_flat(m, &scratch, &flat);

    if (s != FW_OK)
        (void)fw_err_set(&err, s, "no memory for an answer");
    else
        s = fw_decode_initialize_response(flat.data, flat.n, &u->answer, &err);
    if (s == FW_OK)
        u->answered = true;
    else
        fw_stream_fail(&u->stream, s, &err);
    fw_bytes_close(&scratch);
}

static const struct fw_stream_events upload_events = {.sent = on_sent,
                                                      .received = on_received};

/* An answer counts when the status behind it is known. */
static bool is_over(const void *what)
{
    const struct upload *u = what;

    return u->answered && u->stream.ended && u->stream.status == FW_OK;
}

static fw_status run(struct upload *u, uint32_t timeout_ms, struct fw_err *err)
{
    fw_status s;

    pthread_mutex_lock(&u->stream.waiter.lock);
    fw_stream_receive(&u->stream);
    s = fw_sender_step(&u->tx, &u->stream);
    if (s == FW_OK)
        s = fw_stream_wait(&u->stream, is_over, u, timeout_ms,
                           "uploading parameters");
    if (s != FW_OK && err)
        *err = u->stream.err;
    pthread_mutex_unlock(&u->stream.waiter.lock);
    return s;
}

fw_status fw_upload(struct fw_connection *c, const char *job,
                    const float *values, uint64_t n, uint32_t timeout_ms,
                    struct fw_initialize_response *out, struct fw_err *err)
{
    struct upload u = {.job = job};
    fw_status s;

    fw_loan_init(&u.loan);
    u.tx = (struct fw_sender){.values = values,
                              .n = n,
                              .chunk = FW_CHUNK_ELEMENTS,
                              .dtype = FW_DTYPE_F32,
                              .head = write_head,
                              .user = &u,
                              .half_close = true,
                              .loan = &u.loan};
    s = fw_stream_open(&u.stream, c, FW_METHOD_INITIALIZE, NULL, &upload_events,
                       &u);
    if (s == FW_OK)
        s = run(&u, timeout_ms, err);
    else if (err)
        *err = u.stream.err;
    fw_stream_close(&u.stream);
    fw_loan_wait(&u.loan);
    fw_loan_close(&u.loan);
    if (s == FW_OK)
        *out = u.answer;
    return s;
}
