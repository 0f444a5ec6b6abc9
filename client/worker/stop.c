#include "client/worker/stop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "sdk/base/clock.h"

#define MS_PER_SECOND    1000
#define NS_PER_MS        1000000
#define EXIT_INTERRUPTED 130 /* as shells say for SIGINT */

static void fill(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGUSR1);
    sigaddset(set, SIGUSR2); /* fw_stop_close()'s own */
}

/* Note a signal; false: the thread has done its work. */
static bool note(struct fw_stop *s, int number)
{
    bool go_on;

    pthread_mutex_lock(&s->lock);
    if (number == SIGUSR1)
        s->wakes++;
    if (number == SIGINT || number == SIGTERM) {
        if (s->asked)
            _exit(EXIT_INTERRUPTED);
        s->asked = true;
        s->asked_ms = fw_clock_mono_ms();
    }
    pthread_cond_broadcast(&s->changed);
    go_on = !s->is_closing;
    pthread_mutex_unlock(&s->lock);
    return go_on;
}

/* Is there an end to what the process may do without another signal?  Then
 * `left` is the time to it: one end, however many signals come before it. */
static bool is_limited(struct fw_stop *s, struct timespec *left)
{
    int64_t ms;
    bool limited;

    pthread_mutex_lock(&s->lock);
    limited = s->asked && s->grace_s;
    ms = s->asked_ms + (int64_t)s->grace_s * MS_PER_SECOND - fw_clock_mono_ms();
    pthread_mutex_unlock(&s->lock);
    if (!limited || ms < 0)
        ms = 0;
    *left = (struct timespec){.tv_sec = ms / MS_PER_SECOND,
                              .tv_nsec = ms % MS_PER_SECOND * NS_PER_MS};
    return limited;
}

static void *take(void *arg)
{
    sigset_t set;
    int number;

    fill(&set);
    do {
        struct timespec left;

        number = is_limited(arg, &left) ? sigtimedwait(&set, NULL, &left)
                                        : sigwaitinfo(&set, NULL);
        if (number < 0 && errno == EAGAIN)
            _exit(EXIT_INTERRUPTED); /* it waits for what does not come */
    } while (note(arg, number));
    return NULL;
}

/* Libraries start threads before main() can block anything (OpenBLAS does).
 * One that is handed a signal blocks it from then on and passes it on to the
 * process, where fw_stop's thread waits. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    ucontext_t *back = context;

    (void)info;
    sigaddset(&back->uc_sigmask, number);
    kill(getpid(), number);
}

static void pass_all_on(const sigset_t *set)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
    struct sigaction action = {.sa_sigaction = pass_on,
                               .sa_mask = *set,
                               .sa_flags = SA_SIGINFO | SA_RESTART};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaction(numbers[i], &action, NULL);
}

fw_status fw_stop_open(struct fw_stop *s, struct fw_err *err)
{
    sigset_t set;
    int e;

    *s = (struct fw_stop){0};
    fill(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pass_all_on(&set);
    pthread_mutex_init(&s->lock, NULL);
    (void)fw_clock_mono_cond(&s->changed);
    e = pthread_create(&s->thread, NULL, take, s);
    if (e) {
        pthread_cond_destroy(&s->changed);
        pthread_mutex_destroy(&s->lock);
        return fw_err_set(err, FW_NOMEM, "cannot start a thread: %s",
                          strerror(e));
    }
    s->is_open = true;
    return FW_OK;
}

void fw_stop_limit(struct fw_stop *s, unsigned seconds)
{
    pthread_mutex_lock(&s->lock);
    s->grace_s = seconds;
    pthread_mutex_unlock(&s->lock);
    pthread_kill(s->thread, SIGUSR2); /* it may be asked already, and waiting */
}

void fw_stop_close(struct fw_stop *s)
{
    if (!s->is_open)
        return;
    pthread_mutex_lock(&s->lock);
    s->is_closing = true;
    pthread_mutex_unlock(&s->lock);
    pthread_kill(s->thread, SIGUSR2);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    *s = (struct fw_stop){0};
}

bool fw_stop_asked(struct fw_stop *s)
{
    bool asked;

    pthread_mutex_lock(&s->lock);
    asked = s->asked;
    pthread_mutex_unlock(&s->lock);
    return asked;
}

bool fw_stop_wait_us(struct fw_stop *s, int64_t us)
{
    struct timespec until = fw_clock_mono_after_us(us);
    bool asked;
    int e = 0;

    pthread_mutex_lock(&s->lock);
    while (!s->asked && !s->wakes && e == 0)
        e = pthread_cond_timedwait(&s->changed, &s->lock, &until);
    s->wakes = 0;
    asked = s->asked;
    pthread_mutex_unlock(&s->lock);
    return asked;
}

bool fw_stop_wait(struct fw_stop *s, int64_t ms)
{
    return fw_stop_wait_us(s, ms * 1000);
}

void fw_stop_forget(void)
{
    sigset_t set;

    fill(&set);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGUSR2, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
