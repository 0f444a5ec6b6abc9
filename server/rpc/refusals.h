/* refusals.h - lines of the log for connections that are refused or cut.
 *
 * Layer: server/rpc.  Thread: its owner's.  Plain data; zero to begin with. */
#ifndef FW_RPC_REFUSALS_H
#define FW_RPC_REFUSALS_H

#include <netinet/in.h>
#include <stdint.h>

struct fw_refusals {
    int64_t told_ms; /* the last line; 0: none */
    uint32_t untold; /* lines that were not written since */
};

/* At most one line a second, and how many there would have been.  `peer` NULL:
 * nobody's. */
void fw_refusals_tell(struct fw_refusals *r, const char *event, const char *why,
                      const struct in6_addr *peer, uint32_t connections);

#endif
