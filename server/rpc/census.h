/* census.h - counts the connections of a port at which gRPC listens.
 *
 * gRPC accepts what comes by TLS and tells nobody.  But its connections are
 * descriptors of this process: four times a second (less often where that is
 * much work) they are looked through, new ones at the port count against the
 * caps, and those that there is no place for are cut.  So there are as many
 * above the cap as come within a look.
 *
 * Layer: server/rpc.  Thread: the loop's; open and close on the main one. Lives
 * inside the server; zero is closed. */
#ifndef FW_RPC_CENSUS_H
#define FW_RPC_CENSUS_H

#include "server/rpc/caps.h"
#include "server/rpc/refusals.h"

/* What a descriptor was at the last look. */
struct fw_resident {
    uint64_t socket; /* the kernel's cookie of it; 0: it was none */
    bool counts;     /* in the caps; false: of another port, or it was cut */
    bool seen;       /* by the look under way */
    struct in6_addr peer;
};

struct fw_census {
    struct fw_caps *caps; /* lent; NULL: nothing to count */
    int port;
    int64_t next_ms;           /* of the next look */
    struct fw_resident *by_fd; /* owned */
    size_t capacity;
    struct fw_refusals refusals; /* lines of the log */
};

/* Count at `port`; `caps` must outlive it.  They are lowered where the process
 * may not have that many descriptors: gRPC takes no connection ever again once
 * there was none. */
void fw_census_open(struct fw_census *c, struct fw_caps *caps, int port);
void fw_census_close(struct fw_census *c);

/* Time passes. */
void fw_census_tick(struct fw_census *c, int64_t now_ms);

#endif
