/* The other end of a lane through memory may do what it likes: it gets nothing
 * but the end. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "sdk/base/random.h"
#include "sdk/wire/pipe_ring.h"
#include "sdk/wire/ring.h"

#define WAIT_MS  5000
#define MEMORY   (4096 + 2 * (size_t)FW_RING_BYTES)
#define GREETING "flywheel-ring-1\n"
#define LOOKS    2000

struct world {
    struct fw_pipe ours;        /* the server's end */
    struct fw_ring_shared *way; /* of a hostile worker: up, down */
    int raw;                    /* its socket */
};

/* The worker's end is the test's own. */
static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    char room[CMSG_SPACE(sizeof(int))];
    char said[sizeof(GREETING)];
    struct iovec text = {said, sizeof(said)};
    struct msghdr m = {.msg_iov = &text,
                       .msg_iovlen = 1,
                       .msg_control = room,
                       .msg_controllen = sizeof(room)};
    struct fw_err err;
    struct cmsghdr *rights;
    int memory = -1;
    int fd[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    assert_int_equal(fw_pipe_ring_offer(&w->ours, fd[0], &err), FW_OK);
    assert_int_equal(recvmsg(fd[1], &m, 0), sizeof(GREETING) - 1);
    rights = CMSG_FIRSTHDR(&m);
    assert_non_null(rights);
    if (rights)
        memcpy(&memory, CMSG_DATA(rights), sizeof(memory));
    /* what both see cannot be taken away, or made longer */
    assert_int_equal(ftruncate(memory, 0), -1);
    assert_int_equal(ftruncate(memory, (off_t)MEMORY + 4096), -1);
    w->way = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    assert_true(w->way != MAP_FAILED);
    close(memory);
    w->raw = fd[1];
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    fw_pipe_close(&w->ours);
    munmap(w->way, MEMORY);
    close(w->raw);
    free(w);
    return 0;
}

static ssize_t put(struct fw_pipe *p, const void *from, size_t n)
{
    struct iovec all = {(void *)from, n};

    return fw_pipe_send(p, &all, 1);
}

static void a_place_that_cannot_be_ends_the_pipe(void **state)
{
    struct world *w = *state;
    const uint64_t bad[] = {FW_RING_BYTES + 1, UINT64_MAX / 2, 1ull << 63};
    struct pollfd p;
    char got[8];

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        __atomic_store_n(&w->way[0].written, bad[i], __ATOMIC_RELEASE);
        __atomic_store_n(&w->way[1].read, bad[i], __ATOMIC_RELEASE);
        assert_false(fw_pipe_arm(&w->ours, true, true, &p));
        assert_int_equal(fw_pipe_receive(&w->ours, got, sizeof(got)), -1);
        assert_int_equal(errno, EPROTO);
        assert_non_null(strstr(fw_pipe_trouble(&w->ours), "cannot be"));
        assert_int_equal(put(&w->ours, "x", 1), -1);
        assert_int_equal(errno, EPROTO);
    }
    /* and one that goes back behind what was taken */
    __atomic_store_n(&w->way[0].written, 4, __ATOMIC_RELEASE);
    assert_int_equal(fw_pipe_receive(&w->ours, got, sizeof(got)), 4);
    __atomic_store_n(&w->way[0].written, 3, __ATOMIC_RELEASE);
    assert_int_equal(fw_pipe_receive(&w->ours, got, sizeof(got)), -1);
    assert_int_equal(errno, EPROTO);
}

/* What of our own state lies in the memory may be overwritten. */
static void our_own_places_are_not_read_back(void **state)
{
    struct world *w = *state;
    char got[8];

    memcpy((uint8_t *)w->way + 4096, "abcdef", 6);
    __atomic_store_n(&w->way[0].written, 6, __ATOMIC_RELEASE);
    assert_int_equal(fw_pipe_receive(&w->ours, got, 3), 3);
    __atomic_store_n(&w->way[0].read, 1ull << 40, __ATOMIC_RELEASE);
    assert_int_equal(fw_pipe_receive(&w->ours, got + 3, sizeof(got) - 3), 3);
    assert_memory_equal(got, "abcdef", 6);
    assert_int_equal(put(&w->ours, "uvw", 3), 3);
    __atomic_store_n(&w->way[1].written, 77, __ATOMIC_RELEASE);
    assert_int_equal(put(&w->ours, "xyz", 3), 3);
    assert_memory_equal((uint8_t *)w->way + 4096 + FW_RING_BYTES, "uvwxyz", 6);
    assert_int_equal(__atomic_load_n(&w->way[1].written, __ATOMIC_ACQUIRE), 6);
}

/* A hostile end that writes what it likes, while we look. */
struct vandal {
    struct fw_ring_shared *way;
    bool done; /* atomic */
};

static void *vandalise(void *arg)
{
    struct vandal *v = arg;
    struct fw_random dice;

    fw_random_init(&dice, 7);
    while (!__atomic_load_n(&v->done, __ATOMIC_ACQUIRE)) {
        uint64_t place = fw_random_u64(&dice) % (3ull * FW_RING_BYTES);

        __atomic_store_n(&v->way[0].written, place, __ATOMIC_RELEASE);
        __atomic_store_n(&v->way[0].stuck, 1, __ATOMIC_RELEASE);
        __atomic_store_n(&v->way[1].read, place, __ATOMIC_RELEASE);
        __atomic_store_n(&v->way[1].hungry, 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void wild_places_give_no_more_than_a_ring(void **state)
{
    struct world *w = *state;
    struct vandal v = {.way = w->way};
    uint8_t *room = malloc(2 * (size_t)FW_RING_BYTES);
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, vandalise, &v), 0);
    for (int i = 0; i < LOOKS; i++) {
        size_t n = i % 3 ? 100 : 2 * (size_t)FW_RING_BYTES;
        ssize_t got = fw_pipe_receive(&w->ours, room, n);
        ssize_t gone = put(&w->ours, room, n);
        struct pollfd p;

        assert_true(got <= (ssize_t)n && gone <= (ssize_t)n);
        assert_true(got > 0 ||
                    (got < 0 && (errno == EPROTO || errno == EAGAIN)));
        (void)fw_pipe_arm(&w->ours, true, true, &p);
    }
    __atomic_store_n(&v.done, true, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    free(room);
}

static void send_offer(int fd, const char *text, int memory)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } rights = {.room = ""};
    struct iovec said = {(void *)text, strlen(text)};
    struct msghdr m = {.msg_iov = &said, .msg_iovlen = 1};

    if (memory >= 0) {
        m.msg_control = rights.room;
        m.msg_controllen = sizeof(rights.room);
        rights.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(memory)),
                                       .cmsg_level = SOL_SOCKET,
                                       .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&rights.head), &memory, sizeof(memory));
    }
    assert_int_equal(sendmsg(fd, &m, MSG_NOSIGNAL), said.iov_len);
}

/* A file without a name; negative: no file at all. */
static int make_memory(off_t bytes, int seals)
{
    int fd = bytes < 0 ? -1 : memfd_create("test", MFD_ALLOW_SEALING);

    if (fd >= 0) {
        assert_int_equal(ftruncate(fd, bytes), 0);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    }
    return fd;
}

static void offers_that_do_not_serve_are_refused(void **state)
{
    const int good = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    const struct {
        const char *text;
        off_t bytes;
        int seals;
    } cases[] = {
        {"flywheel-rink-1\n", (off_t)MEMORY, good},
        {"flywheel", (off_t)MEMORY, good}, /* a short head */
        {GREETING, -1, good},
        {GREETING, 4096, good},
        {GREETING, (off_t)MEMORY, F_SEAL_GROW | F_SEAL_SEAL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int memory = make_memory(cases[i].bytes, cases[i].seals);
        struct fw_pipe p;
        struct fw_err err;
        int fd[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
        send_offer(fd[0], cases[i].text, memory);
        assert_int_equal(fw_pipe_ring_take(&p, fd[1], WAIT_MS, &err),
                         FW_UNAVAILABLE);
        assert_int_equal(p.fd, -1);
        assert_int_equal(fcntl(fd[1], F_GETFD), -1); /* it is closed */
        fw_pipe_close(&p);
        close(fd[0]);
        if (memory >= 0)
            close(memory);
    }
}

static void a_server_that_says_nothing_or_has_gone_is_left(void **state)
{
    (void)state;
    for (int gone = 0; gone < 2; gone++) {
        struct fw_pipe p;
        struct fw_err err;
        int fd[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
        if (gone)
            close(fd[0]);
        assert_int_equal(fw_pipe_ring_take(&p, fd[1], 10, &err),
                         FW_UNAVAILABLE);
        if (!gone)
            close(fd[0]);
    }
}

/* Credentials are of those who connected; a socket that is none has none. */
static void who_cannot_be_known_is_refused(void **state)
{
    struct fw_pipe p;
    struct fw_err err;
    int fd[2];

    (void)state;
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(fw_pipe_ring_offer(&p, fd[0], &err), FW_UNSUPPORTED);
    assert_int_equal(fw_pipe_ring_take(&p, fd[1], WAIT_MS, &err),
                     FW_UNSUPPORTED);
    assert_int_equal(fcntl(fd[0], F_GETFD), -1);
    assert_int_equal(fcntl(fd[1], F_GETFD), -1);
}

#define HOSTILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTILE(a_place_that_cannot_be_ends_the_pipe),
        HOSTILE(our_own_places_are_not_read_back),
        HOSTILE(wild_places_give_no_more_than_a_ring),
        cmocka_unit_test(offers_that_do_not_serve_are_refused),
        cmocka_unit_test(a_server_that_says_nothing_or_has_gone_is_left),
        cmocka_unit_test(who_cannot_be_known_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
