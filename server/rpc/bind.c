#include "server/rpc/bind.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdk/base/port.h"

#define BACKLOG  1024
#define PART_MAX 256

/* "[::1]:70" is "::1" and "70"; false: not of that form. */
static bool split(const char *address, char host[PART_MAX], char port[PART_MAX])
{
    const char *colon = strrchr(address, ':');
    size_t n = colon ? (size_t)(colon - address) : 0;
    bool boxed = n >= 2 && address[0] == '[' && address[n - 1] == ']';

    if (!colon || strlen(address) >= PART_MAX || !fw_port_valid(colon + 1))
        return false;
    if (!boxed && memchr(address, ':', n))
        return false;
    snprintf(host, PART_MAX, "%.*s", (int)(boxed ? n - 2 : n),
             address + (boxed ? 1 : 0));
    snprintf(port, PART_MAX, "%s", colon + 1);
    return true;
}

/* A socket that listens, or -1 with errno. */
static int listen_on(const struct addrinfo *a)
{
    int fd =
        socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    int why;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    why = errno;
    close(fd);
    errno = why;
    return -1;
}

static int port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = {.v6 = {.sin6_port = 0}};
    socklen_t n = sizeof(at);

    if (getsockname(fd, &at.any, &n) != 0)
        return 0;
    return ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port
                                              : at.v4.sin_port);
}

fw_status fw_bind_check(const char *address, struct fw_err *err)
{
    char host[PART_MAX];
    char port[PART_MAX];

    if (split(address, host, port))
        return FW_OK;
    return fw_err_set(err, FW_INVALID,
                      "cannot listen on '%s': an address is HOST:PORT, such as "
                      "127.0.0.1:7070 or [::1]:7070, a port 0 to %d",
                      address, FW_PORT_MAX);
}

fw_status fw_bind(const char *address, int *fd, int *port, struct fw_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char host[PART_MAX];
    char service[PART_MAX];
    int why;

    *fd = -1;
    if (!split(address, host, service))
        return fw_bind_check(address, err);
    why = getaddrinfo(host[0] ? host : NULL, service, &hints, &found);
    if (why != 0)
        return fw_err_set(err, FW_IO, "cannot listen on %s: %s", address,
                          gai_strerror(why));
    for (struct addrinfo *a = found; a && *fd < 0; a = a->ai_next)
        *fd = listen_on(a);
    why = errno;
    freeaddrinfo(found);
    if (*fd < 0)
        return fw_err_set(err, FW_IO,
                          "cannot listen on %s: %s; choose another address "
                          "with --listen",
                          address, strerror(why));
    *port = port_of(*fd);
    return FW_OK;
}
