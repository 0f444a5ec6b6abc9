#include "server/rpc/lane_local.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <grpc/grpc.h>
#include <grpc/support/alloc.h>

#include "server/rpc/call.h"
#include "server/rpc/caps.h"
#include "server/rpc/guests.h"

#define BACKLOG     64
#define SECRET      16 /* random bytes of the name */
#define NAME_PREFIX "flywheel-lane-"

fw_status fw_lane_local_open(struct fw_lane_local *l, struct fw_err *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    uint8_t secret[SECRET];
    size_t n = sizeof(NAME_PREFIX) - 1;

    *l = (struct fw_lane_local){.fd = -1, .name = NAME_PREFIX};
    if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
        return fw_err_set(err, FW_IO, "the system has no random numbers");
    for (size_t i = 0; i < SECRET; i++)
        n += (size_t)snprintf(l->name + n, sizeof(l->name) - n, "%02x",
                              secret[i]);
    memcpy(at.sun_path + 1, l->name, n);
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd >= 0 &&
        bind(l->fd, (const struct sockaddr *)&at,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)) ==
            0 &&
        listen(l->fd, BACKLOG) == 0)
        return FW_OK;
    (void)fw_err_set(err, FW_IO, "cannot listen for local lanes: %s",
                     strerror(errno));
    fw_lane_local_close(l);
    return FW_IO;
}

void fw_lane_local_close(struct fw_lane_local *l)
{
    if (l->fd >= 0)
        close(l->fd);
    *l = (struct fw_lane_local){.fd = -1};
}

/* gRPC tells "ipv4:127.0.0.1:9" or "ipv6:%5B::1%5D:9" of those that it has
 * accepted itself. */
bool fw_lane_local_is_near(const struct fw_call *c)
{
    bool near = false;
    char *peer;

    if (c->guest)
        return c->guest->local || fw_caps_is_loopback(&c->guest->peer);
    peer = grpc_call_get_peer(c->call);
    if (peer)
        near = strncmp(peer, "ipv4:127.", 9) == 0 ||
               strncmp(peer, "ipv6:%5B::1%5D:", 15) == 0 ||
               strncmp(peer, "ipv6:[::1]:", 11) == 0;
    gpr_free(peer);
    return near;
}
