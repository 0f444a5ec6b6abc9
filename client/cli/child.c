#include "client/cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/exit.h"
#include "client/worker/stop.h"
#include "sdk/base/clock.h"

#define EXIT_NO_PROGRAM 127  /* as shells say */
#define POLL_MS         5    /* while children end */
#define SHOWN_BYTES     2000 /* the end of a log */

void fw_words_add(struct fw_words *w, const char *word)
{
    if (w->n + 1 < FW_CHILD_ARGS_MAX)
        w->items[w->n++] = word;
    else
        w->is_cut = true;
}

void fw_words_option(struct fw_words *w, const char *name, const char *value)
{
    fw_words_add(w, name);
    fw_words_add(w, value);
}

/* In the child: only calls that are safe between fork and exec. */
static void become(const struct fw_words *words, int log, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(FW_CLI_INTERRUPTED); /* the parent died before the prctl */
    setpgid(0, 0);
    fw_stop_forget();
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execvp(words->items[0], (char *const *)words->items);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", words->items[0],
            strerror(errno));
    _exit(EXIT_NO_PROGRAM);
}

fw_status fw_child_start(struct fw_child *c, const char *name, const char *log,
                         const struct fw_words *words, struct fw_err *err)
{
    pid_t parent = getpid();
    int fd;

    *c = (struct fw_child){0};
    snprintf(c->name, sizeof(c->name), "%s", name);
    snprintf(c->log, sizeof(c->log), "%s", log);
    if (words->is_cut)
        return fw_err_set(err, FW_INVALID, "too many words for %s", name);
    fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return fw_err_set(err, FW_IO, "cannot write %s: %m", log);
    c->pid = fork();
    if (c->pid == 0)
        become(words, fd, parent);
    close(fd);
    if (c->pid < 0) {
        c->pid = 0;
        return fw_err_set(err, FW_IO, "cannot start %s: %m", name);
    }
    c->is_running = true;
    return FW_OK;
}

bool fw_child_ended(struct fw_child *c)
{
    if (c->is_running && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
        c->is_running = false;
    return !c->is_running;
}

bool fw_child_was_well(const struct fw_child *c)
{
    int code;

    if (!WIFEXITED(c->status))
        return false;
    code = WEXITSTATUS(c->status);
    return code == FW_CLI_OK || code == FW_CLI_INTERRUPTED;
}

void fw_child_signal(struct fw_child *c, int number)
{
    if (c->is_running)
        kill(c->pid, number);
}

static bool all_ended(struct fw_child *all, size_t n)
{
    bool ended = true;

    for (size_t i = 0; i < n; i++)
        ended = fw_child_ended(&all[i]) && ended;
    return ended;
}

/* Wait until all have ended or `ms` are over; false: some have not. */
static bool wait_all(struct fw_child *all, size_t n, int64_t ms)
{
    struct timespec nap = {.tv_nsec = POLL_MS * 1000000L};
    int64_t until = fw_clock_mono_ms() + ms;

    while (!all_ended(all, n)) {
        if (fw_clock_mono_ms() >= until)
            return false;
        nanosleep(&nap, NULL);
    }
    return true;
}

void fw_children_stop(struct fw_child *all, size_t n, int64_t ms)
{
    for (size_t i = 0; i < n; i++)
        fw_child_signal(&all[i], SIGTERM);
    while (!wait_all(all, n, ms)) {
        for (size_t i = 0; i < n; i++)
            fw_child_signal(&all[i], SIGKILL);
    }
}

void fw_child_show_log(const struct fw_child *c)
{
    char text[SHOWN_BYTES + 1];
    FILE *f = fopen(c->log, "r");
    const char *from = text;
    size_t n;

    if (!f)
        return;
    if (fseek(f, -SHOWN_BYTES, SEEK_END))
        rewind(f); /* it is shorter */
    n = fread(text, 1, SHOWN_BYTES, f);
    text[n] = '\0';
    fclose(f);
    if (n == SHOWN_BYTES && strchr(text, '\n'))
        from = strchr(text, '\n') + 1;
    fprintf(stderr, "--- the end of %s\n%s---\n", c->log, from);
}
