#include "server/app/supervisor.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdk/base/clock.h"
#include "sdk/base/log.h"
#include "server/rpc/pulse.h"

#define CALL_MS  5000  /* at most between two calls of ourselves */
#define GRACE_MS 10000 /* at most without an answer */

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Where to send; a name that begins with '@' is in the abstract namespace. */
static void find(struct fw_supervisor *s, const char *path)
{
    size_t n = strlen(path);

    if (n < 2 || n >= sizeof(s->at.sun_path) ||
        (path[0] != '/' && path[0] != '@'))
        return;
    s->at.sun_family = AF_UNIX;
    memcpy(s->at.sun_path, path, n);
    if (path[0] == '@')
        s->at.sun_path[0] = '\0';
    s->n_at = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n +
                          (path[0] == '/'));
    s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void fw_supervisor_open(struct fw_supervisor *s)
{
    const char *path = getenv("NOTIFY_SOCKET");
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");

    *s = (struct fw_supervisor){
        .fd = -1, .call_ms = CALL_MS, .grace_ms = GRACE_MS};
    if (path)
        find(s, path);
    if (s->fd >= 0 && usec &&
        (!pid || strtoll(pid, NULL, 10) == (long long)getpid()))
        s->every_ms = strtoll(usec, NULL, 10) / 1000;
    if (s->every_ms <= 0) {
        s->every_ms = 0;
        return;
    }
    s->call_ms = lesser(CALL_MS, s->every_ms / 3);
    s->grace_ms = lesser(GRACE_MS, s->every_ms / 2);
}

void fw_supervisor_close(struct fw_supervisor *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

void fw_supervisor_tell(struct fw_supervisor *s, const char *what)
{
    if (s->fd < 0)
        return;
    (void)!sendto(s->fd, what, strlen(what), MSG_NOSIGNAL,
                  (const struct sockaddr *)&s->at, s->n_at);
}

void fw_supervisor_watch(struct fw_supervisor *s, uv_loop_t *loop,
                         const char *listen, int port, bool tls)
{
    s->loop = loop;
    s->listen = listen;
    s->port = port;
    s->tls = tls;
    s->alive_ms = fw_clock_mono_ms();
}

static void call(uv_work_t *w)
{
    struct fw_supervisor *s = w->data;

    s->felt = fw_pulse_felt(s->listen, s->port, s->tls, (int)s->call_ms);
}

static void on_called(uv_work_t *w, int status)
{
    struct fw_supervisor *s = w->data;

    s->calling = false;
    if (status == 0 && s->felt)
        s->alive_ms = s->called_ms;
}

static void begin_call(struct fw_supervisor *s, int64_t now_ms)
{
    s->called_ms = now_ms;
    s->work.data = s;
    s->calling = uv_queue_work(s->loop, &s->work, call, on_called) == 0;
}

bool fw_supervisor_tick(struct fw_supervisor *s, int64_t now_ms)
{
    bool was = s->deaf;

    if (s->loop && !s->calling && now_ms >= s->called_ms + s->call_ms)
        begin_call(s, now_ms);
    /* it may take as long as it may rest */
    s->deaf = s->loop && now_ms - s->alive_ms > s->grace_ms + 2 * s->call_ms;
    if (s->every_ms && !s->deaf && now_ms >= s->told_ms + s->every_ms / 3) {
        s->told_ms = now_ms;
        fw_supervisor_tell(s, "WATCHDOG=1");
    }
    if (s->deaf != was)
        fw_log(s->deaf ? FW_LOG_ERROR : FW_LOG_WARN, "listener",
               "port=%d takes_connections=%s", s->port, s->deaf ? "no" : "yes");
    return s->deaf != was;
}
