#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdk/wire/pipe.h"

#define IDLE_S  7     /* silence before the first keepalive probe */
#define PROBE_S 4     /* for its answer */
#define DEAD_MS 11000 /* what was sent and not acknowledged so long */

static ssize_t tcp_receive(struct fw_pipe *p, void *to, size_t n)
{
    ssize_t got = recv(p->fd, to, n, MSG_DONTWAIT);

    p->drained = got > 0 && (size_t)got < n;
    return got;
}

static ssize_t tcp_send(struct fw_pipe *p, const struct iovec *pieces, size_t n)
{
    /* sendmsg changes nothing; its type does not say so */
    struct msghdr m = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = n};

    return sendmsg(p->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool tcp_arm(struct fw_pipe *p, bool reading, bool writing,
                    struct pollfd *wait)
{
    *wait = (struct pollfd){.fd = p->fd};
    wait->events = (short)((reading ? POLLIN : 0) | (writing ? POLLOUT : 0));
    return true;
}

/* On a loopback packets are received where they were sent. */
static bool tcp_apart(const struct fw_pipe *p)
{
    int there = -1;
    socklen_t n = sizeof(there);

    return getsockopt(p->fd, SOL_SOCKET, SO_INCOMING_CPU, &there, &n) == 0 &&
           there != sched_getcpu();
}

static void tcp_close(struct fw_pipe *p)
{
    close(p->fd);
}

static const struct fw_pipe_ways tcp_ways = {tcp_receive, tcp_send, tcp_arm,
                                             tcp_close,   NULL,     tcp_apart};

static void set(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof(value));
}

void fw_pipe_tcp(struct fw_pipe *p, int fd)
{
    *p = (struct fw_pipe){.ways = &tcp_ways, .fd = fd};
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, IDLE_S);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_S);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 1);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, DEAD_MS);
}
