/* bind.h - a socket that listens on HOST:PORT.
 *
 * Layer: server/rpc.  Thread: any. */
#ifndef FW_RPC_BIND_H
#define FW_RPC_BIND_H

#include "sdk/base/status.h"

/* Is it of the form that fw_bind wants?  FW_INVALID. */
FW_MUST_USE fw_status fw_bind_check(const char *address, struct fw_err *err);

/* HOST:PORT, [HOST]:PORT or :PORT (every address); port 0: any free one.  On
 * FW_OK the caller owns *fd, which does not block, and *port is what was bound.
 * FW_IO: taken, or not of this machine.  FW_INVALID. */
FW_MUST_USE fw_status fw_bind(const char *address, int *fd, int *port,
                              struct fw_err *err);

#endif
