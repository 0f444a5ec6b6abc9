/* A lane through memory carries bytes, and wakes who sleeps. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "sdk/wire/pipe_ring.h"

#define WAIT_MS 5000
#define PIECE   77777u              /* not a multiple of anything */
#define A_LOT   (5 * FW_RING_BYTES) /* goes round the ring */

struct world {
    struct fw_pipe ours;   /* the server's end */
    struct fw_pipe theirs; /* the worker's */
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct fw_err err;
    int fd[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    assert_int_equal(fw_pipe_ring_offer(&w->ours, fd[0], &err), FW_OK);
    assert_int_equal(fw_pipe_ring_take(&w->theirs, fd[1], WAIT_MS, &err),
                     FW_OK);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    fw_pipe_close(&w->ours);
    fw_pipe_close(&w->theirs);
    free(w);
    return 0;
}

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 7 + i / 251);
}

static ssize_t put(struct fw_pipe *p, const void *from, size_t n)
{
    struct iovec all = {(void *)from, n};

    return fw_pipe_send(p, &all, 1);
}

static void assert_not_now(ssize_t n)
{
    assert_int_equal(n, -1);
    assert_int_equal(errno, EAGAIN);
}

static bool is_awake(const struct pollfd *p)
{
    struct pollfd look = *p;

    return poll(&look, 1, 0) == 1;
}

static void bytes_go_both_ways_in_any_pieces(void **state)
{
    struct world *w = *state;
    uint8_t *sent = malloc(A_LOT);
    uint8_t *got = malloc(A_LOT);

    for (size_t i = 0; i < A_LOT; i++)
        sent[i] = byte_at(i);
    for (int way = 0; way < 2; way++) {
        struct fw_pipe *from = way ? &w->ours : &w->theirs;
        struct fw_pipe *to = way ? &w->theirs : &w->ours;
        size_t out = 0;
        size_t in = 0;

        memset(got, 0, A_LOT);
        while (in < A_LOT) {
            size_t left = A_LOT - out < PIECE ? A_LOT - out : PIECE;
            struct iovec three[] = {{sent + out, left / 3},
                                    {NULL, 0},
                                    {sent + out + left / 3, left - left / 3}};
            ssize_t n = left ? fw_pipe_send(from, three, 3) : 0;

            assert_true(n >= 0 || errno == EAGAIN);
            out += n > 0 ? (size_t)n : 0;
            n = fw_pipe_receive(to, got + in, in % 2 ? 1000 : A_LOT - in);
            assert_true(n > 0);
            in += (size_t)n;
        }
        assert_memory_equal(got, sent, A_LOT);
        assert_not_now(fw_pipe_receive(to, got, 1));
    }
    free(sent);
    free(got);
}

static void full_rings_wait_and_lose_nothing(void **state)
{
    struct world *w = *state;
    struct fw_pipe *ends[] = {&w->ours, &w->theirs};
    uint8_t *much = calloc(2, FW_RING_BYTES);

    for (size_t i = 0; i < FW_RING_BYTES; i++)
        much[i] = byte_at(i);
    for (int i = 0; i < 2; i++) {
        struct pollfd p;

        assert_int_equal(put(ends[i], much, 2 * (size_t)FW_RING_BYTES),
                         FW_RING_BYTES);
        assert_not_now(put(ends[i], much, 1));
        assert_true(fw_pipe_arm(ends[i], false, true, &p));
        assert_false(is_awake(&p));
    }
    for (int i = 0; i < 2; i++) {
        uint8_t *got = much + FW_RING_BYTES;

        assert_int_equal(fw_pipe_receive(ends[i], got, FW_RING_BYTES),
                         FW_RING_BYTES);
        assert_memory_equal(got, much, FW_RING_BYTES);
        assert_not_now(fw_pipe_receive(ends[i], got, 1));
        assert_int_equal(put(ends[1 - i], much, 1), 1);
    }
    free(much);
}

static void who_waits_for_bytes_is_woken_once(void **state)
{
    struct world *w = *state;
    struct pollfd p;
    char got[8];

    assert_true(fw_pipe_arm(&w->ours, true, false, &p));
    assert_int_equal(p.fd, w->ours.fd);
    assert_int_equal(p.events, POLLIN);
    assert_false(is_awake(&p));
    assert_int_equal(put(&w->theirs, "one", 3), 3);
    assert_true(is_awake(&p));
    /* there is something: nobody need wait */
    assert_false(fw_pipe_arm(&w->ours, true, false, &p));
    assert_int_equal(fw_pipe_receive(&w->ours, got, sizeof(got)), 3);
    /* to who is awake no bell is rung */
    assert_int_equal(put(&w->theirs, "two", 3), 3);
    assert_false(is_awake(&p));
    assert_int_equal(fw_pipe_receive(&w->ours, got, sizeof(got)), 3);
    assert_memory_equal(got, "two", 3);
}

static void who_waits_for_room_is_woken_when_half_is_free(void **state)
{
    struct world *w = *state;
    uint8_t *much = calloc(1, FW_RING_BYTES);
    struct pollfd p;

    assert_int_equal(put(&w->theirs, much, FW_RING_BYTES), FW_RING_BYTES);
    assert_true(fw_pipe_arm(&w->theirs, false, true, &p));
    assert_int_equal(fw_pipe_receive(&w->ours, much, FW_RING_BYTES / 2 - 1),
                     FW_RING_BYTES / 2 - 1);
    assert_false(is_awake(&p));
    assert_int_equal(fw_pipe_receive(&w->ours, much, 1), 1);
    assert_true(is_awake(&p));
    free(much);
}

static void nobody_is_woken_for_what_he_does_not_want(void **state)
{
    struct world *w = *state;
    struct pollfd p;

    assert_true(fw_pipe_arm(&w->ours, false, false, &p));
    assert_int_equal(put(&w->theirs, "x", 1), 1);
    assert_false(is_awake(&p));
    fw_pipe_close(&w->theirs);
    assert_true(is_awake(&p)); /* but for the end */
}

static void what_was_sent_before_the_end_comes_before_it(void **state)
{
    struct world *w = *state;
    struct pollfd p;
    char got[8];

    assert_int_equal(put(&w->theirs, "last", 4), 4);
    fw_pipe_close(&w->theirs);
    (void)fw_pipe_arm(&w->ours, true, false, &p);
    assert_int_equal(fw_pipe_receive(&w->ours, got, sizeof(got)), 4);
    if (fw_pipe_arm(&w->ours, true, false, &p))
        assert_true(is_awake(&p));
    assert_int_equal(fw_pipe_receive(&w->ours, got, sizeof(got)), 0);
    assert_false(fw_pipe_arm(&w->ours, true, false, &p));
}

static void shutdown_ends_both_ends(void **state)
{
    struct world *w = *state;
    struct pollfd p[2];
    char got[8];

    assert_true(fw_pipe_arm(&w->ours, true, false, &p[0]));
    assert_true(fw_pipe_arm(&w->theirs, true, false, &p[1]));
    assert_int_equal(shutdown(w->ours.fd, SHUT_RDWR), 0);
    assert_int_equal(poll(p, 2, WAIT_MS), 2);
    assert_true(p[0].revents & p[1].revents & POLLHUP);
    assert_int_equal(fw_pipe_receive(&w->ours, got, sizeof(got)), 0);
    assert_int_equal(fw_pipe_receive(&w->theirs, got, sizeof(got)), 0);
}

/* Who never lets the ring become empty is cut all the same. */
static void who_always_sends_can_be_cut(void **state)
{
    struct world *w = *state;
    uint8_t *much = calloc(1, FW_RING_BYTES);
    size_t got = 0;
    ssize_t n;

    assert_int_equal(shutdown(w->ours.fd, SHUT_RDWR), 0);
    do {
        (void)put(&w->theirs, much, FW_RING_BYTES);
        n = fw_pipe_receive(&w->ours, much, 1 << 16);
        got += n > 0 ? (size_t)n : 0;
    } while (n > 0 && got < A_LOT);
    assert_int_equal(n, 0);
    free(much);
}

/* Send all of it, sleeping when there is no room. */
static void *pump(void *arg)
{
    struct fw_pipe *to = arg;
    uint8_t *piece = malloc(PIECE);
    size_t sent = 0;

    while (sent < A_LOT) {
        size_t n = A_LOT - sent < PIECE ? A_LOT - sent : PIECE;
        struct pollfd p;
        ssize_t done;

        for (size_t i = 0; i < n; i++)
            piece[i] = byte_at(sent + i);
        done = put(to, piece, n);
        sent += done > 0 ? (size_t)done : 0;
        if (done < 0 && fw_pipe_arm(to, false, true, &p) &&
            poll(&p, 1, WAIT_MS) != 1)
            break;
    }
    free(piece);
    return NULL;
}

static void two_that_sleep_and_wake_lose_no_byte(void **state)
{
    struct world *w = *state;
    uint8_t *got = malloc(A_LOT);
    size_t n = 0;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, pump, &w->theirs), 0);
    while (n < A_LOT) {
        ssize_t more = fw_pipe_receive(&w->ours, got + n, A_LOT - n);
        struct pollfd p;

        n += more > 0 ? (size_t)more : 0;
        if (more < 0 && fw_pipe_arm(&w->ours, true, false, &p))
            assert_int_equal(poll(&p, 1, WAIT_MS), 1);
    }
    pthread_join(thread, NULL);
    for (size_t i = 0; i < A_LOT; i++)
        assert_int_equal(got[i], byte_at(i));
    free(got);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(bytes_go_both_ways_in_any_pieces),
        WITH(full_rings_wait_and_lose_nothing),
        WITH(who_waits_for_bytes_is_woken_once),
        WITH(who_waits_for_room_is_woken_when_half_is_free),
        WITH(nobody_is_woken_for_what_he_does_not_want),
        WITH(what_was_sent_before_the_end_comes_before_it),
        WITH(shutdown_ends_both_ends),
        WITH(who_always_sends_can_be_cut),
        WITH(two_that_sleep_and_wake_lose_no_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
