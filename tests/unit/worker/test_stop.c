/* Signals become things that a loop can wait for. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/worker/stop.h"
#include "sdk/base/clock.h"

#define LONG_MS 60000 /* the test's own time limit is shorter than two */

#define GRACE_S  1
#define NUDGE_MS 100
#define NUDGES   50 /* five times the grace */
#define BORED    3  /* what a child ends with that nobody ended */

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

/* Asked to stop, then nudged again and again; and it does not stop. */
static void be_deaf(void)
{
    struct timespec nudge = {.tv_nsec = NUDGE_MS * 1000000L};
    struct fw_stop s;

    if (fw_stop_open(&s, NULL) != FW_OK)
        _exit(BORED);
    fw_stop_limit(&s, GRACE_S);
    kill(getpid(), SIGTERM);
    for (int i = 0; i < NUDGES; i++) {
        kill(getpid(), SIGUSR1);
        (void)ppoll(NULL, 0, &nudge, NULL); /* the wait is the test */
    }
    _exit(BORED);
}

static void no_signal_prolongs_the_time_to_stop(void **state)
{
    int64_t begun_ms = fw_clock_mono_ms();
    pid_t child = fork();
    int how = 0;

    (void)state;
    if (child == 0)
        be_deaf();
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 130);
    assert_true(fw_clock_mono_ms() - begun_ms >= GRACE_S * 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sigterm_asks_to_stop),
        cmocka_unit_test(sigusr1_wakes_and_asks_nothing),
        cmocka_unit_test(a_wait_ends_with_its_time),
        cmocka_unit_test(a_thread_that_is_handed_a_signal_passes_it_on),
        cmocka_unit_test(no_signal_prolongs_the_time_to_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
