/* tls.h - the server's certificate, which may change while it runs.
 *
 * Layer: server/rpc.  Thread: reload and pipe by any; the rest on the main
 * thread and gRPC's handshakers.  Zero is closed. */
#ifndef FW_RPC_TLS_H
#define FW_RPC_TLS_H

#include <pthread.h>

#include <grpc/grpc_security.h>

#include "sdk/wire/pipe_tls.h"
#include "server/store/config.h"

struct fw_tls {
    struct fw_tls_config files; /* paths */
    uint32_t wanted;            /* atomic; rises with every reload */
    uint32_t loaded;            /* handshakers: what gRPC was given */
    pthread_mutex_t lock;       /* guards what follows */
    struct fw_tls_side *side;   /* counted; for lanes; NULL: closed */
};

/* Credentials for a listener with TLS.  The caller releases them; `tls` must
 * stay open as long as they live.  FW_IO names the file; then it is closed. */
FW_MUST_USE fw_status fw_tls_open(struct fw_tls *tls,
                                  const struct fw_tls_config *files,
                                  grpc_server_credentials **out,
                                  struct fw_err *err);

/* A lane's pipe on a connected socket, which it takes; with the certificate as
 * it is now.  FW_NOMEM. */
FW_MUST_USE fw_status fw_tls_pipe(struct fw_tls *tls, struct fw_pipe *p,
                                  int fd);

/* Safe twice and on zero. */
void fw_tls_close(struct fw_tls *tls);

/* Read the files again for handshakes from now on; those that cannot be read
 * leave the old ones in force. */
void fw_tls_reload(struct fw_tls *tls);

#endif
