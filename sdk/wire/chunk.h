/* chunk.h - the messages that carry floats, without copying the floats.
 *
 * A sender writes the head (tags and lengths by hand, so the whole is valid
 * protobuf) and sends it followed by the raw data.  A receiver gets the message
 * as spans of memory, parses the few head fields in place and is told where
 * the data lies; any valid protobuf encoding of the message is accepted.
 *
 * Layer: sdk/wire.  Thread: any.  Spans lend their memory. */
#ifndef FW_WIRE_CHUNK_H
#define FW_WIRE_CHUNK_H

#include "sdk/base/bytes.h"
#include "sdk/wire/messages.h"

#define FW_CHUNK_ELEMENTS 131072u /* most elements a chunk: 512 KiB of fp32 */
#define FW_CHUNK_HEAD_MAX 192     /* bytes; covers a job name */

struct fw_span {
    const uint8_t *data;
    size_t n;
};

/* A run of bytes across spans: `n` bytes, starting `skip` bytes into the first
 * of `spans`. */
struct fw_run {
    const struct fw_span *spans; /* lent by the message */
    size_t n_spans;
    size_t skip;
    size_t n;
};

/* Copy a run to flat memory of run->n bytes. */
void fw_run_copy(const struct fw_run *run, void *to);

enum fw_train_kind {
    FW_TRAIN_OPEN = 1,       /* request only */
    FW_TRAIN_GRADIENT = 2,   /* request only */
    FW_TRAIN_HEARTBEAT = 3,  /* both */
    FW_TRAIN_PARAMETERS = 4, /* request: ask; response: a chunk */
    FW_TRAIN_OPENED = 5,     /* response only */
    FW_TRAIN_ACK = 6,        /* response only */
};

struct fw_train_request {
    enum fw_train_kind kind;
    struct fw_session_key open;       /* OPEN */
    struct fw_gradient_head gradient; /* GRADIENT */
    struct fw_run data;               /* GRADIENT */
};

struct fw_train_response {
    enum fw_train_kind kind;
    struct fw_opened opened;              /* OPENED */
    struct fw_parameters_head parameters; /* PARAMETERS */
    struct fw_gradient_ack ack;           /* ACK */
    struct fw_run data;                   /* PARAMETERS */
};

/* Write the head of a message whose data field will hold `data_bytes`, which
 * the sender sends right behind it.  Returns the head's length, at most
 * FW_CHUNK_HEAD_MAX. */
size_t fw_chunk_gradient(const struct fw_gradient_head *h, size_t data_bytes,
                         uint8_t out[FW_CHUNK_HEAD_MAX]);
size_t fw_chunk_parameters(const struct fw_parameters_head *h,
                           size_t data_bytes, uint8_t out[FW_CHUNK_HEAD_MAX]);
size_t fw_chunk_pull(const struct fw_parameters_head *h, size_t data_bytes,
                     uint8_t out[FW_CHUNK_HEAD_MAX]);
size_t fw_chunk_initialize(const struct fw_parameters_head *h,
                           size_t data_bytes, uint8_t out[FW_CHUNK_HEAD_MAX]);

/* Messages of the Train stream that carry no data (every kind but a request's
 * GRADIENT and a response's PARAMETERS), appended to `out`. */
FW_MUST_USE fw_status fw_encode_train_request(const struct fw_train_request *m,
                                              struct fw_bytes *out);
FW_MUST_USE fw_status fw_encode_train_response(
    const struct fw_train_response *m, struct fw_bytes *out);

/* Of a message of `total` bytes the first ones have come, `seen`: is it one
 * whose data is the last field, and begins among them?  Then *out tells the
 * message, and out->data.skip where the data begins; its bytes must not be
 * looked at. */
bool fw_peek_train_request(const struct fw_span *seen, size_t total,
                           struct fw_train_request *out);
bool fw_peek_train_response(const struct fw_span *seen, size_t total,
                            struct fw_train_response *out);

/* MESSAGE_INVALID for anything that is not one of the kinds. */
FW_MUST_USE fw_status fw_decode_train_request(const struct fw_span *spans,
                                              size_t n_spans,
                                              struct fw_train_request *out,
                                              struct fw_err *err);
FW_MUST_USE fw_status fw_decode_train_response(const struct fw_span *spans,
                                               size_t n_spans,
                                               struct fw_train_response *out,
                                               struct fw_err *err);
FW_MUST_USE fw_status fw_decode_pull_response(const struct fw_span *spans,
                                              size_t n_spans,
                                              struct fw_parameters_head *out,
                                              struct fw_run *data,
                                              struct fw_err *err);
FW_MUST_USE fw_status fw_decode_initialize_request(
    const struct fw_span *spans, size_t n_spans, struct fw_parameters_head *out,
    struct fw_run *data, struct fw_err *err);

#endif
