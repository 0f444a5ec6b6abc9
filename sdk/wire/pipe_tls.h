/* pipe_tls.h - a pipe (pipe.h) that is TLS over a TCP socket.
 *
 * Records are encrypted into a buffer that goes out with one system call, and
 * decrypted, one after the other, into the place that a receive names.  An SSL
 * object serves one thread at a time: a lock is held for a record's time, so
 * that one may receive while another sends.  A pipe at rest has no buffers.
 *
 * What was encrypted and did not go out counts as not sent: a caller sends the
 * same bytes again, as with plain TCP, and they are not encrypted twice.
 *
 * Layer: sdk/wire.  Thread: as pipe.h. */
#ifndef FW_WIRE_PIPE_TLS_H
#define FW_WIRE_PIPE_TLS_H

#include "sdk/wire/pipe.h"
#include "sdk/wire/tls.h"

#define FW_TLS_SHAKE_MS 5000 /* what a handshake may take */

/* On a connected TCP socket, which it takes, also on failure: FW_NOMEM.  The
 * handshake is made by the first receives and sends.  `host`: the name or
 * address that the server's certificate must bear; NULL: we are the server.
 * Takes a reference to the side. */
FW_MUST_USE fw_status fw_pipe_tls(struct fw_pipe *p, int fd,
                                  struct fw_tls_side *side, const char *host);

/* Make the handshake now.  FW_UNAVAILABLE tells why it did not come to be; the
 * pipe stays its owner's. */
FW_MUST_USE fw_status fw_pipe_tls_shake(struct fw_pipe *p, struct fw_err *err);

#endif
