/* credentials.h - what a client shows a server, and how it knows it.
 *
 * Files, from the options or else from the environment:
 *
 *     $FLYWHEEL_CA          authorities that the server's certificate must be
 *                           of; its presence asks for TLS
 *     $FLYWHEEL_CERT, $FLYWHEEL_KEY    the client's own certificate (mTLS)
 *     $FLYWHEEL_TOKEN_FILE  a bearer token
 *
 * A token is not sent in plain text to another machine.
 *
 * Layer: sdk/client.  Thread: its owner's.  Zero-initialise; close is safe
 * twice. */
#ifndef FW_CLIENT_CREDENTIALS_H
#define FW_CLIENT_CREDENTIALS_H

#include <grpc/grpc_security.h>

#include "sdk/base/status.h"

/* Paths; NULL: what the environment says. */
struct fw_credential_files {
    const char *ca;
    const char *cert;
    const char *key;
    const char *token;
};

struct fw_tls_side;

struct fw_credentials {
    grpc_channel_credentials *channel; /* owned */
    bool secure;                       /* all goes under TLS */
    struct fw_tls_side *lane;    /* counted; for lanes under TLS; NULL: none */
    grpc_metadata authorization; /* owned slices */
    size_t n_metadata;           /* 1 with a token, else 0 */
};

/* FW_NOT_FOUND, FW_IO, FW_INVALID name the file; FW_INVALID: a token would go
 * over a plain wire to `address`.  `files` may be NULL. */
FW_MUST_USE fw_status fw_credentials_open(
    struct fw_credentials *c, const struct fw_credential_files *files,
    const char *address, struct fw_err *err);
void fw_credentials_close(struct fw_credentials *c);

#endif
