/* lane_local.h - listens for lanes of workers on this machine, which travel
 * through shared memory (sdk/wire/pipe_ring.h).
 *
 * The socket has no file but a random name, which Join tells to who comes from
 * this machine; what lets a worker in is the session's secret, as on any lane.
 * Only the server's own user is served.
 *
 * Layer: server/rpc.  Thread: as lanes.h.  Lives inside fw_lanes. */
#ifndef FW_RPC_LANE_LOCAL_H
#define FW_RPC_LANE_LOCAL_H

#include <stdbool.h>

#include "sdk/base/status.h"
#include "sdk/wire/messages.h"

#define FW_LANES_LOCAL_MAX 128u /* at a time; more go by TCP */

struct fw_call;

struct fw_lane_local {
    int fd; /* owned; listens and does not block; -1: closed */
    char name[FW_LANE_LOCAL_MAX + 1]; /* abstract: without the zero in front */
};

/* FW_IO: it stays closed. */
FW_MUST_USE fw_status fw_lane_local_open(struct fw_lane_local *l,
                                         struct fw_err *err);

/* Safe twice. */
void fw_lane_local_close(struct fw_lane_local *l);

/* Does the call come from this machine, as far as one can see? */
bool fw_lane_local_is_near(const struct fw_call *c);

#endif
