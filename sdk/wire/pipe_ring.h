/* pipe_ring.h - a pipe (pipe.h) through memory that two programs of one user on
 * one machine share.
 *
 * Two rings of bytes, one a way, lie in a file without a name that the server
 * makes and seals: neither side can take it away below the other.  They are
 * small, so that what is in them stays in the cache.  The unix socket that
 * brought the file stays: a byte on it wakes who has said that it sleeps, and
 * its end is the end of the pipe.
 *
 * Neither end trusts the other.  Each keeps its own place in a ring to itself,
 * reads the other's once and believes it only if it can be; what it takes is
 * copied into memory of its own before anybody looks at it.
 *
 * Layer: sdk/wire.  Thread: as pipe.h. */
#ifndef FW_WIRE_PIPE_RING_H
#define FW_WIRE_PIPE_RING_H

#include "sdk/base/status.h"
#include "sdk/wire/pipe.h"

#define FW_RING_BYTES (1u << 20) /* each way; a power of two */

/* The server's end, on a connected unix socket, which it takes, also on
 * failure: FW_UNSUPPORTED: the other end is another user's; FW_NOMEM. */
FW_MUST_USE fw_status fw_pipe_ring_offer(struct fw_pipe *p, int fd,
                                         struct fw_err *err);

/* The worker's end; as the above, and waits at most `wait_ms` for what the
 * server offers.  FW_UNAVAILABLE: it offers nothing that can be used. */
FW_MUST_USE fw_status fw_pipe_ring_take(struct fw_pipe *p, int fd, int wait_ms,
                                        struct fw_err *err);

#endif
