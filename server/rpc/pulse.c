#include "server/rpc/pulse.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdk/wire/tls_hello.h"

#define HOST_MAX 256
#define PORT_MAX 16

/* HTTP/2's preface and SETTINGS that say nothing. */
static const char preface[] =
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";

/* "[::1]:70" is "::1". */
static void host_of(const char *listen, char out[HOST_MAX])
{
    const char *colon = strrchr(listen, ':');
    int n = colon ? (int)(colon - listen) : (int)strlen(listen);
    bool boxed = n >= 2 && listen[0] == '[' && listen[n - 1] == ']';

    snprintf(out, HOST_MAX, "%.*s", boxed ? n - 2 : n, listen + boxed);
}

static bool happens(int fd, short events, int wait_ms)
{
    struct pollfd p = {fd, events, 0};

    return poll(&p, 1, wait_ms) == 1;
}

static bool answers(int fd, const struct addrinfo *a, const void *hello,
                    size_t n, int wait_ms)
{
    if (connect(fd, a->ai_addr, a->ai_addrlen) != 0 && errno != EINPROGRESS)
        return false;
    if (!happens(fd, POLLOUT, wait_ms) ||
        send(fd, hello, n, MSG_NOSIGNAL) != (ssize_t)n)
        return false;
    return happens(fd, POLLIN, wait_ms);
}

static bool answers_at(const struct addrinfo *a, bool tls, int wait_ms)
{
    uint8_t hello[FW_TLS_HELLO_MAX];
    size_t n = tls ? fw_tls_hello(hello) : sizeof(preface) - 1;
    int fd =
        socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool any;

    if (fd < 0)
        return false;
    any = answers(fd, a, tls ? (const void *)hello : preface, n, wait_ms);
    close(fd);
    return any;
}

bool fw_pulse_felt(const char *listen, int port, bool tls, int wait_ms)
{
    struct addrinfo want = {.ai_socktype = SOCK_STREAM,
                            .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char host[HOST_MAX];
    char service[PORT_MAX];
    bool felt = false;

    host_of(listen, host);
    snprintf(service, sizeof(service), "%d", port);
    if (getaddrinfo(host[0] ? host : NULL, service, &want, &found) != 0)
        return false;
    for (struct addrinfo *a = found; a && !felt; a = a->ai_next)
        felt = answers_at(a, tls, wait_ms);
    freeaddrinfo(found);
    return felt;
}
