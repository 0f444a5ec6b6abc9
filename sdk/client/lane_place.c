#include "sdk/client/lane_place.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sdk/wire/pipe_ring.h"
#include "sdk/wire/pipe_tls.h"

#define CONNECT_MS 1000
#define HOST_MAX   256

static bool connect_in_time(int fd, const struct addrinfo *a)
{
    struct pollfd p = {fd, POLLOUT, 0};
    int failed = 0;
    socklen_t n = sizeof(failed);

    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return true;
    return errno == EINPROGRESS && poll(&p, 1, CONNECT_MS) == 1 &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &n) == 0 && !failed;
}

static int connect_any(const struct addrinfo *a)
{
    for (; a; a = a->ai_next) {
        int fd =
            socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd >= 0 && connect_in_time(fd, a))
            return fd;
        if (fd >= 0)
            close(fd);
    }
    return -1;
}

/* The host of HOST:PORT or [HOST]:PORT. */
static bool split(const char *address, char host[HOST_MAX])
{
    const char *colon = strrchr(address, ':');
    size_t n;

    if (!colon || strncmp(address, "unix:", 5) == 0)
        return false;
    if (*address == '[' && colon > address && colon[-1] == ']') {
        address++;
        colon--;
    }
    n = (size_t)(colon - address);
    if (!n || n >= HOST_MAX)
        return false;
    memcpy(host, address, n);
    host[n] = '\0';
    return true;
}

/* Takes fd; FW_OK, or the pipe is closed. */
static fw_status shake(struct fw_pipe *p, int fd, struct fw_tls_side *tls,
                       const char *host, struct fw_err *err)
{
    fw_status s = fw_pipe_tls(p, fd, tls, host);

    s = s == FW_OK ? fw_pipe_tls_shake(p, err)
                   : fw_err_set(err, s, "no memory for a lane");
    if (s != FW_OK)
        fw_pipe_close(p);
    return s;
}

static fw_status connect_tcp(uint32_t port, const char *address,
                             struct fw_tls_side *tls, struct fw_pipe *out,
                             struct fw_err *err)
{
    struct addrinfo want = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char host[HOST_MAX];
    char service[16];
    int fd = -1;

    snprintf(service, sizeof(service), "%u", (unsigned)port);
    if (split(address, host) && getaddrinfo(host, service, &want, &found) == 0)
        fd = connect_any(found);
    if (found)
        freeaddrinfo(found);
    if (fd < 0)
        return fw_err_set(err, FW_UNAVAILABLE, "no lane at port %u of %s",
                          (unsigned)port, address);
    if (tls)
        return shake(out, fd, tls, host, err);
    fw_pipe_tcp(out, fd);
    return FW_OK;
}

/* On another machine, or in another namespace, the name is not known; that is
 * said at once. */
static fw_status connect_local(const char *name, struct fw_pipe *out,
                               struct fw_err *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = strlen(name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return fw_err_set(err, FW_UNAVAILABLE, "no socket for a lane");
    memcpy(at.sun_path + 1, name, n);
    if (connect(fd, (const struct sockaddr *)&at,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)) ==
        0)
        return fw_pipe_ring_take(out, fd, CONNECT_MS, err);
    close(fd);
    return fw_err_set(err, FW_UNAVAILABLE, "no lane through memory: %s",
                      strerror(errno));
}

bool fw_lane_place_any(const struct fw_lane_place *at)
{
    return at->local[0] || at->port;
}

fw_status fw_lane_place_connect(const struct fw_lane_place *at,
                                const char *address, struct fw_tls_side *tls,
                                struct fw_pipe *out, struct fw_err *err)
{
    *out = (struct fw_pipe){.fd = -1};
    if (at->local[0] && connect_local(at->local, out, err) == FW_OK)
        return FW_OK;
    if (at->port)
        return connect_tcp(at->port, address, tls, out, err);
    return FW_UNAVAILABLE;
}
