/* inbox.h - a stream of answers, taken one by one by a thread that waits.
 *
 * For calls of one request: WatchStatus and Pull.  At most one message waits
 * here, so a slow reader slows the sender and fills no memory.
 *
 * Layer: sdk/client.  Thread: one user at a time.  Lives inside its owner and
 * must not move while open. */
#ifndef FW_CLIENT_INBOX_H
#define FW_CLIENT_INBOX_H

#include "sdk/base/bytes.h"
#include "sdk/client/stream.h"

struct fw_inbox {
    struct fw_stream stream;   /* its lock guards the rest */
    grpc_byte_buffer *waiting; /* owned; the next message */
};

/* Send the one request. */
FW_MUST_USE fw_status fw_inbox_open(struct fw_inbox *in,
                                    struct fw_connection *c, const char *method,
                                    const struct fw_bytes *request,
                                    struct fw_err *err);
void fw_inbox_close(struct fw_inbox *in);

/* The next message, which the caller closes.  FW_TIMEOUT if none has come in
 * `timeout_ms`: the stream goes on, ask again.  FW_CLOSED at the end; else how
 * the stream failed. */
FW_MUST_USE fw_status fw_inbox_take(struct fw_inbox *in, uint32_t timeout_ms,
                                    struct fw_message *out, struct fw_err *err);

#endif
