/* pipe.h - bytes both ways between two programs: what a lane travels on.
 *
 * Plain TCP (pipe_tcp.c) is one way to carry them; others keep to the same
 * rules, so that a lane knows no difference:
 *
 *  - nothing blocks: "not now" is -1 with errno EAGAIN;
 *  - a wait is poll() on what fw_pipe_arm() says, after it has agreed that
 *    there is something to wait for;
 *  - `fd` is a socket, and shutdown() on it ends the pipe at both ends, at
 *    once and from any thread.
 *
 * Layer: sdk/wire.  Thread: one receives while another sends.  Lives inside
 * its owner, which may move it while nobody uses it. */
#ifndef FW_WIRE_PIPE_H
#define FW_WIRE_PIPE_H

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "sdk/base/brisk.h"

struct fw_pipe;

/* What is between the ends. */
struct fw_pipe_ways {
    ssize_t (*receive)(struct fw_pipe *p, void *to, size_t n);
    ssize_t (*send)(struct fw_pipe *p, const struct iovec *pieces, size_t n);
    bool (*arm)(struct fw_pipe *p, bool reading, bool writing,
                struct pollfd *wait);
    void (*close)(struct fw_pipe *p);
    /* Is there something to do?  NULL: to look costs as much as to poll. */
    bool (*look)(const struct fw_pipe *p, bool reading, bool writing);
    /* Does the other end seem to run on another core of this machine, so that
     * it goes on while we try again and again?  NULL: who knows. */
    bool (*apart)(const struct fw_pipe *p);
};

struct fw_pipe {
    const struct fw_pipe_ways *ways; /* NULL: closed */
    int fd;                          /* owned; a socket */
    void *state;                     /* owned; the ways' own */
    bool drained;                    /* the last receive took all there was */
    const char *trouble; /* lent by the ways: why it broke; NULL: see errno */
};

/* On a connected TCP socket, which it takes: small messages at once, a dead
 * link noticed in 11 s as with gRPC. */
void fw_pipe_tcp(struct fw_pipe *p, int fd);

/* At most n bytes; 0: the other end has closed; -1: errno, EAGAIN: not now. */
static inline ssize_t fw_pipe_receive(struct fw_pipe *p, void *to, size_t n)
{
    return p->ways->receive(p, to, n);
}

/* At least one byte of n > 0 pieces; or -1: errno, EAGAIN: not now. */
static inline ssize_t fw_pipe_send(struct fw_pipe *p,
                                   const struct iovec *pieces, size_t n)
{
    return p->ways->send(p, pieces, n);
}

/* The last receive took all there was, so that another is not worth while
 * before a wait; true once. */
static inline bool fw_pipe_was_drained(struct fw_pipe *p)
{
    bool was = p->drained;

    p->drained = false;
    return was;
}

/* After a failed receive or send: why, for people. */
static inline const char *fw_pipe_trouble(const struct fw_pipe *p)
{
    return p->trouble ? p->trouble : strerror(errno);
}

/* Before poll(): what is to be waited for.  After it POLLHUP or POLLERR mean
 * the end; anything else: try again.  False: try at once. */
static inline bool fw_pipe_arm(struct fw_pipe *p, bool reading, bool writing,
                               struct pollfd *wait)
{
    return p->ways->arm(p, reading, writing, wait);
}

/* Before fw_pipe_arm(): there is nothing to do yet, but if the last waits were
 * short it is worth while to try a little longer (brisk.h).  True: try again at
 * once, or `also` (may be NULL) is ready. */
bool fw_pipe_again(const struct fw_pipe *p, struct fw_brisk *b, bool reading,
                   bool writing, const struct pollfd *also);

/* Safe twice and on zero. */
static inline void fw_pipe_close(struct fw_pipe *p)
{
    if (p->ways)
        p->ways->close(p);
    *p = (struct fw_pipe){.fd = -1};
}

#endif
