#include "server/rpc/census.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdk/base/clock.h"
#include "sdk/base/log.h"
#include "sdk/base/mem.h"

#define LOOK_MS 250 /* between looks */
#define SHARE   5 /* one part in so many of the time is spent with it at most */
#define FDS     "/proc/self/fd"

/* No two sockets have the same; 0: it is none. */
static uint64_t cookie_of(int fd)
{
    uint64_t cookie = 0;
    socklen_t n = sizeof(cookie);

    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) == 0 ? cookie : 0;
}

/* Is it a connection (what listens has no peer) at the port? */
static bool is_at(int fd, int port, struct in6_addr *peer)
{
    struct sockaddr_storage at = {0};
    struct sockaddr_storage from = {0};
    socklen_t n_at = sizeof(at);
    socklen_t n_from = sizeof(from);
    in_port_t here = 0;

    if (getsockname(fd, (struct sockaddr *)&at, &n_at) != 0 ||
        getpeername(fd, (struct sockaddr *)&from, &n_from) != 0)
        return false;
    if (at.ss_family == AF_INET6)
        here = ((struct sockaddr_in6 *)&at)->sin6_port;
    else if (at.ss_family == AF_INET)
        here = ((struct sockaddr_in *)&at)->sin_port;
    fw_caps_peer(&from, peer);
    return here && ntohs(here) == port;
}

static void forget(struct fw_census *c, struct fw_resident *r)
{
    if (r->counts)
        fw_caps_leave(c->caps, &r->peer);
    *r = (struct fw_resident){.socket = 0};
}

/* It may come in or not.  Meanwhile gRPC may have closed it, and another have
 * its number: so one of our own is looked at and shut. */
static void meet(struct fw_census *c, struct fw_resident *r, int fd)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    const char *why;

    if (own < 0)
        return; /* gone; without descriptors another look will do */
    r->socket = cookie_of(own);
    r->seen = true;
    if (is_at(own, c->port, &r->peer)) {
        why = fw_caps_enter(c->caps, &r->peer);
        r->counts = !why;
        if (why) {
            fw_refusals_tell(&c->refusals, "connection_refused", why, &r->peer,
                             fw_caps_count(c->caps));
            (void)shutdown(own, SHUT_RDWR);
        }
    }
    close(own);
}

static void look_at(struct fw_census *c, int fd)
{
    const size_t before = c->capacity;
    const uint64_t socket = cookie_of(fd);
    struct fw_resident *r = (size_t)fd < before ? &c->by_fd[fd] : NULL;

    if (r && r->socket == socket) {
        r->seen = true;
        return;
    }
    if (r)
        forget(c, r);
    if (!socket || fw_mem_grow(&c->by_fd, &c->capacity, (size_t)fd + 1,
                               sizeof(*c->by_fd)) != 0)
        return;
    memset(c->by_fd + before, 0, (c->capacity - before) * sizeof(*c->by_fd));
    meet(c, &c->by_fd[fd], fd);
}

/* False: there is no descriptor to do it with. */
static bool look(struct fw_census *c)
{
    DIR *fds = opendir(FDS);
    struct dirent *e;

    if (!fds)
        return false;
    while ((e = readdir(fds))) {
        char *end;
        long fd = strtol(e->d_name, &end, 10);

        if (end != e->d_name && !*end)
            look_at(c, (int)fd);
    }
    closedir(fds);
    return true;
}

void fw_census_tick(struct fw_census *c, int64_t now_ms)
{
    int64_t begun_us = fw_clock_mono_us();

    if (!c->caps || now_ms < c->next_ms)
        return;
    for (size_t i = 0; i < c->capacity; i++)
        c->by_fd[i].seen = false;
    if (look(c)) {
        for (size_t i = 0; i < c->capacity; i++) {
            if (c->by_fd[i].socket && !c->by_fd[i].seen)
                forget(c, &c->by_fd[i]);
        }
    }
    c->next_ms =
        now_ms + LOOK_MS + SHARE * (fw_clock_mono_us() - begun_us) / 1000;
}

/* A quarter of the descriptors is for files, for lanes that end, and for who
 * comes between two looks. */
static void spare_descriptors(struct fw_caps *caps)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) != 0 || caps->most <= r.rlim_cur / 4 * 3)
        return;
    caps->most = (uint32_t)(r.rlim_cur / 4 * 3);
    fw_log(FW_LOG_WARN, "few_descriptors", "limit=%llu max_connections=%u",
           (unsigned long long)r.rlim_cur, caps->most);
}

void fw_census_open(struct fw_census *c, struct fw_caps *caps, int port)
{
    *c = (struct fw_census){.caps = caps, .port = port};
    spare_descriptors(caps);
}

void fw_census_close(struct fw_census *c)
{
    free(c->by_fd);
    *c = (struct fw_census){.caps = NULL};
}
