/* lane_place.h - where a lane can be had, and how to get there.
 *
 * Through memory if the server is of this machine and this user, else by TCP,
 * under TLS if the handle is.
 *
 * Layer: sdk/client.  Thread: any.  A value. */
#ifndef FW_CLIENT_LANE_PLACE_H
#define FW_CLIENT_LANE_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "sdk/base/status.h"
#include "sdk/wire/messages.h"
#include "sdk/wire/pipe.h"

struct fw_tls_side;

struct fw_lane_place {
    char local[FW_LANE_LOCAL_MAX + 1]; /* abstract unix socket; "": none */
    uint32_t port;                     /* of TCP; 0: none */
};

/* Is there any? */
bool fw_lane_place_any(const struct fw_lane_place *at);

/* Connect to the place at the host of `address` (HOST:PORT); `tls` NULL: by TCP
 * in plain.  Waits at most a second for each, and five for a handshake.
 * FW_UNAVAILABLE, FW_NOMEM: the pipe is closed. */
FW_MUST_USE fw_status fw_lane_place_connect(const struct fw_lane_place *at,
                                            const char *address,
                                            struct fw_tls_side *tls,
                                            struct fw_pipe *out,
                                            struct fw_err *err);

#endif
