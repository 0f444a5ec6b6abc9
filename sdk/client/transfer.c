#include "sdk/client/transfer.h"

#include <grpc/byte_buffer.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sdk/base/mem.h"
#include "sdk/wire/tensor.h"

bool fw_sender_done(const struct fw_sender *tx)
{
    return tx->next == tx->n;
}

/* Lend the piece itself, or a converted copy that gRPC frees. */
static bool lend(struct fw_sender *tx, size_t n, struct fw_lent *out)
{
    const float *piece = tx->values + tx->next;
    bool sparse = tx->dtype == FW_DTYPE_TOPK;
    size_t bytes = sparse ? fw_topk_bytes(tx->cut, tx->values, tx->next, n)
                          : fw_tensor_bytes(tx->dtype, n);
    void *copy;

    if (tx->dtype == FW_DTYPE_F32) {
        *out = fw_loan_lend(tx->loan, piece, bytes);
        return true;
    }
    copy = fw_mem_aligned(bytes, 1);
    if (!copy)
        return false;
    if (sparse)
        fw_topk_encode(tx->cut, tx->values, tx->next, n, copy);
    else
        fw_tensor_encode(tx->dtype, piece, n, copy);
    *out = (struct fw_lent){copy, bytes, free, copy};
    return true;
}

fw_status fw_sender_step(struct fw_sender *tx, struct fw_stream *st)
{
    uint64_t left = tx->n - tx->next;
    size_t n = left < tx->chunk ? left : tx->chunk;
    uint8_t head[FW_CHUNK_HEAD_MAX];
    struct fw_lent data;
    size_t n_head;

    if (!lend(tx, n, &data)) {
        struct fw_err why;

        (void)fw_err_set(&why, FW_NOMEM, "no memory for a chunk");
        fw_stream_fail(st, FW_NOMEM, &why);
        return FW_NOMEM;
    }
    n_head = tx->head(tx->user, tx->next, data.n, head);
    tx->next += n;
    return fw_stream_send(st, fw_buffer_create(head, n_head, &data),
                          tx->half_close && fw_sender_done(tx));
}

void fw_sender_go_on(struct fw_sender *tx, struct fw_stream *st)
{
    fw_status s;

    if (fw_sender_done(tx) || st->status != FW_OK)
        return;
    s = fw_sender_step(tx, st);
    if (s != FW_OK)
        fw_stream_fail(st, s, &st->err);
}

bool fw_receiver_done(const struct fw_receiver *rx)
{
    return rx->next == rx->n;
}

static bool in_one_piece(const struct fw_run *run)
{
    return run->n_spans && run->n <= run->spans->n - run->skip;
}

/* Parameters may be what they are, so floats need no look at them. */
static fw_status decode(struct fw_receiver *rx, const struct fw_run *data,
                        size_t *n, struct fw_err *err)
{
    struct fw_gather_check unused = {0};
    uint64_t room = rx->n - rx->next;

    size_t size = fw_dtype_bytes(rx->dtype);

    if (!size || data->n % size || data->n / size > room || !in_one_piece(data))
        return fw_tensor_gather(rx->dtype, data, rx->values + rx->next, room, n,
                                &unused, err);
    *n = data->n / size;
    fw_tensor_decode(rx->dtype, data->spans->data + data->skip, *n,
                     rx->values + rx->next);
    return FW_OK;
}

fw_status fw_receiver_take(struct fw_receiver *rx,
                           const struct fw_parameters_head *head,
                           const struct fw_run *data, struct fw_err *err)
{
    size_t n;
    fw_status s;

    if (rx->next == 0)
        rx->version = head->version;
    if (head->offset != rx->next || head->version != rx->version)
        return fw_err_set(err, FW_CORRUPT,
                          "parameters %" PRIu64 "@%" PRIu64
                          " arrived where %" PRIu64 "@%" PRIu64 " comes next",
                          head->offset, head->version, rx->next, rx->version);
    s = decode(rx, data, &n, err);
    if (s == FW_OK && !n)
        s = fw_err_set(err, FW_CORRUPT, "an empty chunk of parameters");
    if (s != FW_OK)
        return fw_err_wrap(err, FW_CORRUPT, "parameters");
    rx->next += n;
    return FW_OK;
}

float *fw_receiver_land(struct fw_receiver *rx,
                        const struct fw_parameters_head *head, uint64_t n)
{
    if (rx->dtype != FW_DTYPE_F32 || !n || n > rx->n - rx->next ||
        head->offset != rx->next || (rx->next && head->version != rx->version))
        return NULL;
    rx->version = head->version;
    rx->landing = n;
    return rx->values + rx->next;
}

void fw_receiver_landed(struct fw_receiver *rx)
{
    rx->next += rx->landing;
    rx->landing = 0;
}
