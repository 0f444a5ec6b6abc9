/* grpc_log.h - what gRPC itself complains about, as lines of our log.
 *
 * Failed handshakes and the like: a flood of them must not become a flood of
 * lines, so at most one a second is written, with the number of those that
 * were not.  gRPC's own lines need GRPC_VERBOSITY to be set: then they go to
 * stderr as gRPC writes them.
 *
 * Layer: server/rpc.  Thread: any. */
#ifndef FW_RPC_GRPC_LOG_H
#define FW_RPC_GRPC_LOG_H

/* Before grpc_init(). */
void fw_grpc_log_open(void);

#endif
