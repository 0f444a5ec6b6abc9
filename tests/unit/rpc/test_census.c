/* Connections that somebody else has accepted are counted, and cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/rpc/bind.h"
#include "server/rpc/census.h"

#define MOST   4
#define GUESTS 6
#define LOOK   3600000 /* ms; longer than what is between two looks */

/* A port at which connections are accepted, here as by gRPC. */
struct fixture {
    struct fw_caps caps;
    struct fw_census census;
    int listens;
    int port;
    int64_t now_ms;
    int guest[GUESTS]; /* -1: closed */
    int host[GUESTS];
};

static int open_fixture(void **state)
{
    static struct fixture f;

    f = (struct fixture){.now_ms = LOOK};
    fw_caps_open(&f.caps, MOST, MOST);
    assert_int_equal(fw_bind("127.0.0.1:0", &f.listens, &f.port, NULL), FW_OK);
    fw_census_open(&f.census, &f.caps, f.port);
    for (int i = 0; i < GUESTS; i++)
        f.guest[i] = f.host[i] = -1;
    *state = &f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < GUESTS; i++) {
        close(f->guest[i]);
        close(f->host[i]);
    }
    close(f->listens);
    fw_census_close(&f->census);
    fw_caps_close(&f->caps);
    return 0;
}

static void enter(struct fixture *f, int i)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((in_port_t)f->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    f->guest[i] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(f->guest[i], (struct sockaddr *)&at, sizeof(at)),
                     0);
    f->host[i] = accept(f->listens, NULL, NULL);
    assert_true(f->host[i] >= 0);
}

static void leave(struct fixture *f, int i)
{
    close(f->guest[i]);
    close(f->host[i]);
    f->guest[i] = f->host[i] = -1;
}

static uint32_t counted(struct fixture *f)
{
    fw_census_tick(&f->census, f->now_ms += LOOK);
    return fw_caps_count(&f->caps);
}

static bool is_cut(const struct fixture *f, int i)
{
    char byte;

    return recv(f->guest[i], &byte, 1, MSG_DONTWAIT) == 0;
}

static void who_comes_and_goes_is_counted(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(counted(f), 0);
    enter(f, 0);
    enter(f, 1);
    assert_int_equal(counted(f), 2);
    assert_int_equal(counted(f), 2);
    leave(f, 0);
    assert_int_equal(counted(f), 1);
    leave(f, 1);
    enter(f, 2); /* with the number of one that was there */
    enter(f, 3);
    assert_int_equal(counted(f), 2);
    assert_false(is_cut(f, 2));
}

static void who_is_too_many_is_cut_and_the_others_stay(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < GUESTS; i++)
        enter(f, i);
    assert_int_equal(counted(f), MOST);
    for (int i = 0; i < GUESTS; i++)
        assert_int_equal(is_cut(f, i), i >= MOST);
    leave(f, 0);
    leave(f, GUESTS - 1);
    assert_int_equal(counted(f), MOST - 1);
    enter(f, 0);
    assert_int_equal(counted(f), MOST);
    assert_false(is_cut(f, 0));
}

static void other_sockets_do_not_count(void **state)
{
    struct fixture *f = *state;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(counted(f), 0);
    close(pair[0]);
    close(pair[1]);
}

static void a_few_descriptors_are_left(void **state)
{
    struct fixture *f = *state;
    struct rlimit before;
    struct rlimit few;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 200;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    f->caps.most = 12000;
    fw_census_open(&f->census, &f->caps, f->port);
    assert_int_equal(f->caps.most, 150);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_comes_and_goes_is_counted,
                                        open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(
            who_is_too_many_is_cut_and_the_others_stay, open_fixture,
            close_fixture),
        cmocka_unit_test_setup_teardown(other_sockets_do_not_count,
                                        open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(a_few_descriptors_are_left,
                                        open_fixture, close_fixture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
