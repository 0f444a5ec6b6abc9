/* connection.h - one channel to one server, and the thread that serves it.
 *
 * Keepalive agrees with the server's limits (docs/protocol.md): a silent peer
 * is noticed within half a minute, and pings are never too many.
 *
 * Layer: sdk/client.  Thread: its owner's; calls on it may be made by any.
 * Owned by a worker or an admin handle; must not move once open. */
#ifndef FW_CLIENT_CONNECTION_H
#define FW_CLIENT_CONNECTION_H

#include "sdk/client/credentials.h"
#include "sdk/client/loop.h"

#define FW_ADDRESS_DEFAULT "127.0.0.1:7070"
#define FW_ADDRESS_MAX     256

struct fw_connection {
    char address[FW_ADDRESS_MAX]; /* HOST:PORT or unix:PATH */
    struct fw_loop loop;
    struct fw_credentials credentials; /* owned */
    grpc_channel *channel;             /* owned; NULL: closed */
};

/* HOST:PORT or unix:PATH for what may be flywheel://HOST:PORT or
 * flywheel:///PATH; all else as it is.  What is too long is cut. */
void fw_connection_address(const char *given, char out[FW_ADDRESS_MAX]);

/* Connect and wait until the server answers.  A server that is not there yet
 * is tried again and again for `timeout_ms`; then FW_UNAVAILABLE tells the last
 * failure.  `files` NULL: what the environment says. */
FW_MUST_USE fw_status
fw_connection_open(struct fw_connection *c, const char *address,
                   const struct fw_credential_files *files, uint32_t timeout_ms,
                   struct fw_err *err);

/* Every call on it must have ended.  Safe twice and on zero. */
void fw_connection_close(struct fw_connection *c);

#endif
