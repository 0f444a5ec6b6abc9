/* transfer.h - sends a version's blocks, chunk by chunk.
 *
 * fp32 blocks go to gRPC by reference and are released one by one as they are
 * sent; bf16 is encoded into a buffer of its own.
 *
 * Layer: server/rpc.  Thread: its call's lock. */
#ifndef FW_RPC_TRANSFER_H
#define FW_RPC_TRANSFER_H

#include "sdk/wire/grpc_glue.h"
#include "server/job/params.h"

/* Writes the head of one message. */
typedef size_t fw_head_fn(const struct fw_parameters_head *h, size_t data_bytes,
                          uint8_t out[FW_CHUNK_HEAD_MAX]);

struct fw_transfer {
    struct fw_version *version; /* ref; NULL: nothing to send */
    uint32_t block;             /* next one */
    uint32_t ready;             /* blocks that may be sent by now */
    int64_t since_ms;           /* when it began to go */
    struct fw_version *waiting; /* ref; newest that waits; or NULL */
    uint64_t n_waiting;         /* transfers asked for behind this one */
    enum fw_dtype dtype;
    fw_head_fn *head;
};

/* Send a version, whose reference is taken; behind an unfinished one, which
 * arrives whole, and then as that version or a newer one that was asked for
 * meanwhile: whoever asks n times gets n transfers, and two versions at most
 * are held. */
void fw_transfer_begin(struct fw_transfer *t, struct fw_version *take);

/* Begin with a version that is still being made, unless another is on its way:
 * its first `ready` blocks may be sent.  Takes the reference; false: not taken.
 * Once it was taken, fw_transfer_more tells of more blocks. */
bool fw_transfer_early(struct fw_transfer *t, struct fw_version *take,
                       uint32_t ready);
void fw_transfer_more(struct fw_transfer *t, const struct fw_version *v,
                      uint32_t ready);

/* Does the version under way take longer than `grace_ms` and what it takes at
 * `mb_per_second`, while gradients of its job wait for the room that it has? */
bool fw_transfer_hinders(const struct fw_transfer *t, uint32_t grace_ms,
                         uint32_t mb_per_second, int64_t now_ms);

void fw_transfer_close(struct fw_transfer *t);

/* The next message, or NULL at the end.  NULL too if memory is out: then the
 * transfer stays where it is. */
grpc_byte_buffer *fw_transfer_next(struct fw_transfer *t);

#endif
