#include "sdk/wire/pipe_ring.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/base/mem.h"
#include "sdk/wire/ring.h"

#define HEAD_BYTES 4096u /* of the memory: both rings' places */
#define ALL_BYTES  (HEAD_BYTES + 2 * (size_t)FW_RING_BYTES)
#define PART_BYTES (64u << 10) /* after so many the other end is told */
#define SEALS      (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define GREETING   "flywheel-ring-1\n" /* comes with the memory */
#define BELLS      256                 /* read at a time */

struct memory {
    struct fw_ring_shared up;   /* from the worker to the server */
    struct fw_ring_shared down; /* back */
};

struct pair {
    uint8_t *memory; /* owned; shared */

    /* who receives, and who waits */
    struct fw_ring in;
    size_t since; /* bytes received since the socket was looked at */
    bool slept;   /* the flags are set, and bells may have come */
    bool over;    /* the other end is gone */

    /* who sends */
    struct fw_ring out;
};

/* --- the socket --- */

/* To a full one nothing need be said, and of a dead one others will know. */
static void ring_bell(const struct fw_pipe *p)
{
    (void)!send(p->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Take what has come by the socket; it says nothing but "look". */
static void look_at_socket(struct fw_pipe *p)
{
    struct pair *r = p->state;
    char bells[BELLS];
    ssize_t n = recv(p->fd, bells, sizeof(bells), MSG_DONTWAIT);

    r->since = 0;
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        r->over = true;
}

static void wake_up(struct fw_pipe *p)
{
    struct pair *r = p->state;

    if (!r->slept)
        return;
    r->slept = false;
    fw_ring_hungry(&r->in, false);
    fw_ring_stuck(&r->out, false);
    look_at_socket(p);
}

/* --- the ways --- */

static ssize_t ring_receive(struct fw_pipe *p, void *to, size_t n)
{
    struct pair *r = p->state;
    size_t done = 0;
    size_t have;

    wake_up(p);
    if (r->since >= FW_RING_BYTES && !r->over)
        look_at_socket(p); /* who always sends can be cut, too */
    if (r->since >= FW_RING_BYTES)
        return 0; /* more than was there at the end */
    while (done < n) {
        if (!fw_ring_filled(&r->in, &have)) {
            p->trouble = "the other end's place in the ring cannot be";
            errno = EPROTO;
            return -1;
        }
        have = have < n - done ? have : n - done;
        have = have < PART_BYTES ? have : PART_BYTES;
        if (!have)
            break;
        if (fw_ring_get(&r->in, (uint8_t *)to + done, have))
            ring_bell(p);
        done += have;
    }
    r->since += done;
    if (done || r->over)
        return (ssize_t)done;
    errno = EAGAIN;
    return -1;
}

/* As much of a piece as there is room for; false: the other end's place cannot
 * be. */
static bool put_piece(struct fw_pipe *p, const uint8_t *from, size_t n,
                      size_t *done)
{
    struct pair *r = p->state;
    size_t room;

    for (*done = 0; *done < n; *done += room) {
        if (!fw_ring_room(&r->out, &room))
            return false;
        room = room < n - *done ? room : n - *done;
        room = room < PART_BYTES ? room : PART_BYTES;
        if (!room)
            break;
        if (fw_ring_put(&r->out, from + *done, room))
            ring_bell(p);
    }
    return true;
}

static ssize_t ring_send(struct fw_pipe *p, const struct iovec *pieces,
                         size_t n)
{
    size_t total = 0;
    size_t done;

    for (size_t i = 0; i < n; i++) {
        if (!put_piece(p, pieces[i].iov_base, pieces[i].iov_len, &done)) {
            errno = EPROTO;
            return -1;
        }
        total += done;
        if (done < pieces[i].iov_len)
            break;
    }
    if (total)
        return (ssize_t)total;
    errno = EAGAIN;
    return -1;
}

/* Is there something to do, or to find out?  Room must be worth a turn, as for
 * who would wake us. */
static bool is_ready(const struct pair *r, bool reading, bool writing)
{
    size_t n;

    if (r->over)
        return reading;
    if (reading && (!fw_ring_filled(&r->in, &n) || n))
        return true;
    return writing && (!fw_ring_room(&r->out, &n) || n >= r->out.capacity / 2);
}

static bool ring_look(const struct fw_pipe *p, bool reading, bool writing)
{
    return is_ready(p->state, reading, writing);
}

static bool ring_arm(struct fw_pipe *p, bool reading, bool writing,
                     struct pollfd *wait)
{
    struct pair *r = p->state;

    wake_up(p);
    *wait = (struct pollfd){.fd = p->fd};
    wait->events = (short)(reading || writing ? POLLIN : 0);
    if (is_ready(r, reading, writing))
        return false;
    fw_ring_hungry(&r->in, reading);
    fw_ring_stuck(&r->out, writing);
    r->slept = true;
    return !is_ready(r, reading, writing);
}

static void ring_close(struct fw_pipe *p)
{
    struct pair *r = p->state;

    (void)munmap(r->memory, ALL_BYTES);
    free(r);
    close(p->fd);
}

static const struct fw_pipe_ways ring_ways = {ring_receive, ring_send, ring_arm,
                                              ring_close,   ring_look, NULL};

/* --- making one --- */

static bool is_our_user(int fd)
{
    struct ucred who;
    socklen_t n = sizeof(who);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
           who.uid == geteuid();
}

/* Takes fd, also on failure.  `memory` is sealed. */
static fw_status map_ring(struct fw_pipe *p, int fd, int memory, bool server,
                          struct fw_err *err)
{
    struct pair *r = fw_mem_array(1, sizeof(*r));
    void *m =
        mmap(NULL, ALL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    struct memory *head = m;
    uint8_t *bytes = m;

    if (!r || m == MAP_FAILED) {
        if (m != MAP_FAILED)
            (void)munmap(m, ALL_BYTES);
        free(r);
        close(fd);
        return fw_err_set(err, FW_NOMEM, "no memory for a ring");
    }
    r->memory = m;
    r->in = (struct fw_ring){server ? &head->up : &head->down,
                             bytes + HEAD_BYTES, FW_RING_BYTES, 0};
    r->out = r->in;
    r->out.shared = server ? &head->down : &head->up;
    *(server ? &r->out.bytes : &r->in.bytes) += FW_RING_BYTES;
    *p = (struct fw_pipe){.ways = &ring_ways, .fd = fd, .state = r};
    return FW_OK;
}

union rights {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
};

static bool send_memory(int fd, int memory)
{
    union rights rights = {.room = ""};
    struct iovec text = {GREETING, sizeof(GREETING) - 1};
    struct msghdr m = {.msg_iov = &text,
                       .msg_iovlen = 1,
                       .msg_control = rights.room,
                       .msg_controllen = sizeof(rights.room)};

    rights.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(memory)),
                                   .cmsg_level = SOL_SOCKET,
                                   .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&rights.head), &memory, sizeof(memory));
    return sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) ==
           (ssize_t)text.iov_len;
}

fw_status fw_pipe_ring_offer(struct fw_pipe *p, int fd, struct fw_err *err)
{
    fw_status s = FW_OK;
    int memory = -1;

    *p = (struct fw_pipe){.fd = -1};
    if (!is_our_user(fd)) {
        close(fd);
        return fw_err_set(err, FW_UNSUPPORTED,
                          "the other end is another user's");
    }
    memory = memfd_create("flywheel-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0 || ftruncate(memory, ALL_BYTES) != 0 ||
        fcntl(memory, F_ADD_SEALS, SEALS) != 0 || !send_memory(fd, memory)) {
        s = fw_err_set(err, FW_NOMEM, "no memory to share: %s",
                       strerror(errno));
        close(fd);
    } else {
        s = map_ring(p, fd, memory, true, err);
    }
    if (memory >= 0)
        close(memory);
    return s;
}

/* The descriptor that comes with the greeting; -1: none. */
static int receive_memory(int fd, int wait_ms)
{
    char said[sizeof(GREETING)];
    union rights rights = {.room = ""};
    struct iovec text = {said, sizeof(GREETING) - 1};
    struct msghdr m = {.msg_iov = &text,
                       .msg_iovlen = 1,
                       .msg_control = rights.room,
                       .msg_controllen = sizeof(rights.room)};
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int memory = -1;
    ssize_t n;

    if (poll(&wait, 1, wait_ms) != 1)
        return -1;
    n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n > 0 && m.msg_controllen >= CMSG_LEN(sizeof(memory)) &&
        rights.head.cmsg_type == SCM_RIGHTS)
        memcpy(&memory, CMSG_DATA(&rights.head), sizeof(memory));
    if (n == (ssize_t)text.iov_len && memcmp(said, GREETING, text.iov_len) == 0)
        return memory;
    if (memory >= 0)
        close(memory);
    return -1;
}

/* Nobody can make it shorter below us. */
static bool is_sound(int memory)
{
    int seals = fcntl(memory, F_GET_SEALS);
    struct stat is;

    return seals >= 0 && (seals & SEALS) == SEALS && fstat(memory, &is) == 0 &&
           is.st_size == (off_t)ALL_BYTES;
}

fw_status fw_pipe_ring_take(struct fw_pipe *p, int fd, int wait_ms,
                            struct fw_err *err)
{
    fw_status s;
    int memory;

    *p = (struct fw_pipe){.fd = -1};
    if (!is_our_user(fd)) {
        close(fd);
        return fw_err_set(err, FW_UNSUPPORTED,
                          "the other end is another user's");
    }
    memory = receive_memory(fd, wait_ms);
    if (memory >= 0 && is_sound(memory)) {
        s = map_ring(p, fd, memory, false, err);
    } else {
        s = fw_err_set(err, FW_UNAVAILABLE, "the server shares no memory");
        close(fd);
    }
    if (memory >= 0)
        close(memory);
    return s;
}
