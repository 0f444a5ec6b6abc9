/* caps.h - how many connections there are, in all and of each address.
 *
 * The listener's, gRPC's own and the lanes' count together.  Addresses of this
 * machine count in the sum alone: behind them may be a proxy.
 *
 * Layer: server/rpc.  Thread: any, between open and close.  Lives inside the
 * server. */
#ifndef FW_RPC_CAPS_H
#define FW_RPC_CAPS_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "sdk/base/list.h"

#define FW_CAPS_BUCKETS 256

struct fw_caps {
    uint32_t most;     /* connections at a time */
    uint32_t per_peer; /* of one address that is not of the loopback */

    pthread_mutex_t lock; /* guards what follows */
    uint32_t n;
    struct fw_list buckets[FW_CAPS_BUCKETS]; /* peers with connections; owned */
};

void fw_caps_open(struct fw_caps *c, uint32_t most, uint32_t per_peer);
void fw_caps_close(struct fw_caps *c);

/* The address of accept(); IPv4 as ::ffff:a.b.c.d, a path's as ::1. */
void fw_caps_peer(const struct sockaddr_storage *from, struct in6_addr *out);

bool fw_caps_is_loopback(const struct in6_addr *peer);

/* One more; NULL, or why not. */
const char *fw_caps_enter(struct fw_caps *c, const struct in6_addr *peer);

/* One that came in has gone. */
void fw_caps_leave(struct fw_caps *c, const struct in6_addr *peer);

/* Connections now. */
uint32_t fw_caps_count(struct fw_caps *c);

#endif
