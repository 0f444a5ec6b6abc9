/* pulse.h - does the server's port still let anybody in?
 *
 * gRPC's own listener, which serves TLS, never takes a connection again once
 * the process was out of descriptors; the system's queue goes on to take them,
 * so that only an answer proves anything.
 *
 * Layer: server/rpc.  Thread: any that may wait.  No state. */
#ifndef FW_RPC_PULSE_H
#define FW_RPC_PULSE_H

#include <stdbool.h>

/* Call at `port` of the host in `listen` (HOST:PORT); true if somebody answers
 * or hangs up within `wait_ms`. */
bool fw_pulse_felt(const char *listen, int port, bool tls, int wait_ms);

#endif
