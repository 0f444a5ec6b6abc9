/* tls.h - the server's certificate, which may change while it runs.
 *
 * Layer: server/rpc.  Thread: reload by any; the rest on the main thread and
 * gRPC's handshakers. */
#ifndef FW_RPC_TLS_H
#define FW_RPC_TLS_H

#include <grpc/grpc_security.h>

#include "server/store/config.h"

struct fw_tls {
    struct fw_tls_config files; /* paths */
    uint32_t wanted;            /* atomic; rises with every reload */
    uint32_t loaded;            /* handshakers: what gRPC was given */
};

/* Credentials for a listener with TLS.  The caller releases them; `tls` must
 * live as long as they do.  FW_IO names the file. */
FW_MUST_USE fw_status fw_tls_open(struct fw_tls *tls,
                                  const struct fw_tls_config *files,
                                  grpc_server_credentials **out,
                                  struct fw_err *err);

/* Read the files again for handshakes from now on; those that cannot be read
 * leave the old ones in force. */
void fw_tls_reload(struct fw_tls *tls);

#endif
