/* transfer.h - a flat vector on its way through a stream, chunk by chunk.
 *
 * A sender lends gRPC the caller's own array (fp32) or encoded pieces; a
 * receiver decodes into the caller's array and trusts no offset.
 *
 * Layer: sdk/client.  Thread: whoever holds the stream's lock.  The arrays are
 * lent by the caller, who waits. */
#ifndef FW_CLIENT_TRANSFER_H
#define FW_CLIENT_TRANSFER_H

#include "sdk/client/loan.h"
#include "sdk/client/stream.h"
#include "sdk/wire/topk.h"

/* Write the head of the chunk at `offset` with `bytes` of data. */
typedef size_t fw_head_fn(const void *user, uint64_t offset, size_t bytes,
                          uint8_t out[FW_CHUNK_HEAD_MAX]);

struct fw_sender {
    const float *values;           /* lent by the caller */
    uint64_t n;                    /* elements of the vector */
    uint64_t next;                 /* first element that was not sent */
    uint32_t chunk;                /* most elements a message */
    enum fw_dtype dtype;           /* on the wire */
    fw_head_fn *head;              /* what the messages are */
    const void *user;              /* for `head` */
    bool half_close;               /* close our side behind the last chunk */
    struct fw_loan *loan;          /* counts the lent pieces */
    const struct fw_topk_cut *cut; /* of top-k; lent */
};

bool fw_sender_done(const struct fw_sender *tx);

/* Send the next chunk, which must exist; nothing may be sending. */
FW_MUST_USE fw_status fw_sender_step(struct fw_sender *tx,
                                     struct fw_stream *st);

/* When something was sent: send the next chunk, if there is one; what goes
 * wrong ends the stream. */
void fw_sender_go_on(struct fw_sender *tx, struct fw_stream *st);

struct fw_receiver {
    float *values;       /* lent by the caller; NULL: nothing is expected */
    uint64_t n;          /* elements of the vector */
    uint64_t next;       /* elements that are there */
    uint64_t version;    /* of the first chunk */
    enum fw_dtype dtype; /* on the wire */
    uint64_t landing;    /* elements on their way behind `next` */
};

bool fw_receiver_done(const struct fw_receiver *rx);

/* Where the `n` elements of a chunk belong that comes next, for who can put
 * them there without a copy; NULL: give it to fw_receiver_take.
 * fw_receiver_landed: they are there. */
float *fw_receiver_land(struct fw_receiver *rx,
                        const struct fw_parameters_head *head, uint64_t n);
void fw_receiver_landed(struct fw_receiver *rx);

/* Decode one chunk.  FW_CORRUPT if it is not the one that comes next, is of
 * another version or too long; then the array is of no use. */
FW_MUST_USE fw_status fw_receiver_take(struct fw_receiver *rx,
                                       const struct fw_parameters_head *head,
                                       const struct fw_run *data,
                                       struct fw_err *err);

#endif
