/* Signals become things that a loop can wait for. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/worker/stop.h"

#define LONG_MS 60000 /* the test's own time limit is shorter than two */

static void sigterm_asks_to_stop(void **state)
{
    struct fw_stop s;

    (void)state;
    assert_int_equal(fw_stop_open(&s, NULL), FW_OK);
    assert_false(fw_stop_asked(&s));
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    assert_true(fw_stop_wait(&s, LONG_MS));
    assert_true(fw_stop_asked(&s));
    fw_stop_close(&s);
}

static void sigusr1_wakes_and_asks_nothing(void **state)
{
    struct fw_stop s;

    (void)state;
    assert_int_equal(fw_stop_open(&s, NULL), FW_OK);
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    assert_false(fw_stop_wait(&s, LONG_MS));
    assert_false(fw_stop_asked(&s));
    fw_stop_close(&s);
}

static void a_wait_ends_with_its_time(void **state)
{
    struct fw_stop s;

    (void)state;
    assert_int_equal(fw_stop_open(&s, NULL), FW_OK);
    assert_false(fw_stop_wait(&s, 1));
    fw_stop_close(&s);
    fw_stop_close(&s);
}

/* Unblocks the signals, as a thread that a library has started earlier. */
static void *stubborn(void *arg)
{
    struct fw_stop *s = arg;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    pthread_kill(pthread_self(), SIGTERM);
    return fw_stop_wait(s, LONG_MS) ? s : NULL;
}

static void a_thread_that_is_handed_a_signal_passes_it_on(void **state)
{
    pthread_t thread;
    struct fw_stop s;
    void *result;

    (void)state;
    assert_int_equal(fw_stop_open(&s, NULL), FW_OK);
    assert_int_equal(pthread_create(&thread, NULL, stubborn, &s), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, &s);
    assert_true(fw_stop_asked(&s));
    fw_stop_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sigterm_asks_to_stop),
        cmocka_unit_test(sigusr1_wakes_and_asks_nothing),
        cmocka_unit_test(a_wait_ends_with_its_time),
        cmocka_unit_test(a_thread_that_is_handed_a_signal_passes_it_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
