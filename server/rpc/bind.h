/* bind.h - a socket that listens on HOST:PORT.
 *
 * Layer: server/rpc.  Thread: any. */
#ifndef FW_RPC_BIND_H
#define FW_RPC_BIND_H

#include "sdk/base/status.h"

/* HOST:PORT, [HOST]:PORT or :PORT (every address); port 0: any free one.  On
 * FW_OK the caller owns *fd, which does not block, and *port is what was bound.
 * FW_IO: taken, or not of this machine. */
FW_MUST_USE fw_status fw_bind(const char *address, int *fd, int *port,
                              struct fw_err *err);

#endif
