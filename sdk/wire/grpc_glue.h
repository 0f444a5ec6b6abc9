/* grpc_glue.h - gRPC's byte buffers as spans, and back, without copying floats.
 *
 * The only door of sdk/wire to gRPC.  gRPC must be initialised.
 *
 * Layer: sdk/wire.  Thread: a message is its owner's; a data's release may be
 * called on any thread. */
#ifndef FW_WIRE_GRPC_GLUE_H
#define FW_WIRE_GRPC_GLUE_H

#include <grpc/grpc.h>

#include "sdk/base/bytes.h"
#include "sdk/wire/chunk.h"

#define FW_MESSAGE_SPANS 16 /* a chunk's slices, as they mostly come */

/* A message that was received.  Zero is valid and closed. */
struct fw_message {
    grpc_byte_buffer *buffer;             /* owned; holds the memory */
    struct fw_span *spans;                /* `few` or `many` */
    size_t n_spans;                       /* in `spans` */
    size_t n_bytes;                       /* of all spans */
    struct fw_span *many;                 /* owned; NULL if `few` will do */
    struct fw_span few[FW_MESSAGE_SPANS]; /* spares an allocation */
};

/* Take `buffer` (also on failure) and look at its slices where they lie.
 * MESSAGE_INVALID for a compressed one or none at all.  A message must not be
 * moved while it is open: its spans may lie in itself. */
FW_MUST_USE fw_status fw_message_open(struct fw_message *m,
                                      grpc_byte_buffer *buffer,
                                      struct fw_err *err);
void fw_message_close(struct fw_message *m);

/* The same message once more: by reference, or copied if it has no buffer. */
FW_MUST_USE fw_status fw_message_keep(struct fw_message *to,
                                      const struct fw_message *from,
                                      struct fw_err *err);

/* The message as one piece: in place if it is one, else copied to `scratch`,
 * whose former contents are lost.  Lent until either is closed. */
FW_MUST_USE fw_status fw_message_flat(const struct fw_message *m,
                                      struct fw_bytes *scratch,
                                      struct fw_span *flat);

/* Memory that gRPC reads until it calls `release(user)`, once. */
struct fw_lent {
    const void *data;
    size_t n;
    void (*release)(void *user);
    void *user;
};

/* A byte buffer of a head, which is copied, and the data behind it, which is
 * not; `data` may be NULL.  The caller owns the result. */
grpc_byte_buffer *fw_buffer_create(const void *head, size_t n_head,
                                   const struct fw_lent *data);

/* A byte buffer of a copy. */
grpc_byte_buffer *fw_buffer_copy(const struct fw_bytes *from);

/* Free what gRPC has put there, and leave it empty. */
void fw_metadata_close(grpc_metadata_array *m);

#endif
