/* listener_watch.h - what the listener does about those it let in.
 *
 * Layer: server/rpc.  Thread: the listener's.  Part of listener.h. */
#ifndef FW_RPC_LISTENER_WATCH_H
#define FW_RPC_LISTENER_WATCH_H

#include "server/rpc/listener.h"

#define FW_LISTENER_DOOR_MS 5  /* between looks at strangers */
#define FW_LISTENER_LOOK_MS 50 /* between looks at known guests */

/* One has come; it counts already.  Takes fd. */
void fw_listener_let_in(struct fw_listener *l, int fd,
                        const struct in6_addr *peer, bool local);

/* Look at those whose time it is. */
void fw_listener_look(struct fw_listener *l, int64_t now_ms);

#endif
