#include "server/http/admin.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/clock.h"

#define TICK_MS  250
#define LOOK_MS  1000 /* between looks that nobody has asked for */
#define BACKLOG  128
#define PORT_MAX 65535

static struct fw_conn *of_link(struct fw_list *l)
{
    return FW_LIST_ITEM(l, struct fw_conn, link);
}

/* --- slow answers --- */

void fw_admin_queue(struct fw_admin *a, struct fw_conn *c)
{
    if (a->n_works == FW_ADMIN_WORKS)
        return; /* it is found by its state */
    a->n_works++;
    fw_conn_work(c);
}

void fw_admin_worked(struct fw_admin *a)
{
    struct fw_list *l;

    a->n_works--;
    FW_LIST_EACH(l, &a->conns) {
        struct fw_conn *c = of_link(l);

        if (c->state == FW_CONN_QUEUED &&
            !uv_is_closing((uv_handle_t *)&c->tcp)) {
            fw_admin_queue(a, c);
            return;
        }
    }
}

/* --- the loop --- */

static void on_connection(uv_stream_t *listener, int status)
{
    struct fw_admin *a = listener->data;

    if (status == 0)
        a->is_left = !fw_conn_accept(a, listener);
}

static void on_tick(uv_timer_t *t)
{
    struct fw_admin *a = t->data;
    int64_t now_ms = fw_clock_mono_ms();
    struct fw_list *l;

    if (a->is_left)
        a->is_left = !fw_conn_accept(a, (uv_stream_t *)&a->listener);
    if (a->site.traffic.streams || now_ms - a->site.view.looked_ms >= LOOK_MS)
        fw_view_look(&a->site.view, a->site.jobs, now_ms);
    FW_LIST_EACH(l, &a->conns)
        fw_conn_tick(of_link(l), now_ms); /* frees none */
}

static void on_stop(uv_async_t *stop)
{
    struct fw_admin *a = stop->data;
    struct fw_list *l;

    FW_LIST_EACH(l, &a->conns)
        fw_conn_close(of_link(l));
    uv_close((uv_handle_t *)&a->listener, NULL);
    uv_close((uv_handle_t *)&a->tick, NULL);
    uv_close((uv_handle_t *)&a->stop, NULL);
}

static void *serve(void *arg)
{
    struct fw_admin *a = arg;

    uv_run(&a->loop, UV_RUN_DEFAULT);
    return NULL;
}

/* --- birth and death --- */

static fw_status bad_address(const char *address, struct fw_err *err)
{
    return fw_err_set(err, FW_INVALID,
                      "admin address '%s' is not IP:PORT, such as "
                      "127.0.0.1:7071 or [::1]:7071, or off",
                      address);
}

/* "127.0.0.1:7071", "[::1]:7071", "localhost:7071" */
static fw_status read_address(const char *address, struct sockaddr_storage *out,
                              struct fw_err *err)
{
    const char *colon = strrchr(address, ':');
    size_t n = colon ? (size_t)(colon - address) : 0;
    char host[FW_ADDRESS_MAX];
    char *end = NULL;
    long port = colon ? strtol(colon + 1, &end, 10) : -1;
    int bad;

    if (!n || n >= sizeof(host) || end == colon + 1 || *end || port < 0 ||
        port > PORT_MAX)
        return bad_address(address, err);
    memcpy(host, address, n);
    host[n] = '\0';
    if (strcmp(host, "localhost") == 0)
        snprintf(host, sizeof(host), "127.0.0.1");
    if (host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = '\0';
        bad = uv_ip6_addr(host + 1, (int)port, (struct sockaddr_in6 *)out);
    } else {
        bad = uv_ip4_addr(host, (int)port, (struct sockaddr_in *)out);
    }
    return bad ? bad_address(address, err) : FW_OK;
}

static int bound_port(const struct fw_admin *a)
{
    struct sockaddr_storage at = {0};
    int n = sizeof(at);

    uv_tcp_getsockname(&a->listener, (struct sockaddr *)&at, &n);
    return ntohs(at.ss_family == AF_INET6
                     ? ((struct sockaddr_in6 *)&at)->sin6_port
                     : ((struct sockaddr_in *)&at)->sin_port);
}

/* Close what lies on the loop, and the loop. */
static void close_loop(struct fw_admin *a)
{
    on_stop(&a->stop);
    uv_run(&a->loop, UV_RUN_DEFAULT);
    uv_loop_close(&a->loop);
    fw_view_close(&a->site.view);
    fw_decision_desk_close(&a->site.decisions);
    a->port = 0;
}

static fw_status start_listener(struct fw_admin *a, const char *address,
                                struct fw_err *err)
{
    struct sockaddr_storage at;
    fw_status s = read_address(address, &at, err);
    int e;

    if (s != FW_OK)
        return s;
    e = uv_tcp_bind(&a->listener, (struct sockaddr *)&at, 0);
    if (e == 0)
        e = uv_listen((uv_stream_t *)&a->listener, BACKLOG, on_connection);
    if (e == 0)
        return FW_OK;
    return fw_err_set(err, FW_IO,
                      "cannot listen on %s for the administrator: %s; choose "
                      "another with --admin, or none: --admin off",
                      address, uv_strerror(e));
}

/* Signals are the main thread's. */
static bool start_thread(struct fw_admin *a)
{
    sigset_t all;
    sigset_t before;
    int e;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    e = pthread_create(&a->thread, NULL, serve, a);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (e == 0)
        (void)pthread_setname_np(a->thread, "fw-admin");
    return e == 0;
}

fw_status fw_admin_open(struct fw_admin *a,
                        const struct fw_admin_config *config,
                        struct fw_jobs *jobs, struct fw_err *err)
{
    fw_status s;

    *a = (struct fw_admin){.site = {.jobs = jobs,
                                    .config = config,
                                    .born_ms = fw_clock_mono_ms(),
                                    .state = FW_SITE_STARTING}};
    if (strcmp(config->listen, "off") == 0)
        return FW_OK;
    s = fw_guard_load(&a->site.guard, config, err);
    if (s != FW_OK)
        return s;
    if (uv_loop_init(&a->loop))
        return fw_err_set(err, FW_IO, "cannot make the administrator's loop");
    fw_list_init(&a->conns);
    fw_view_init(&a->site.view);
    fw_decision_desk_init(&a->site.decisions);
    uv_tcp_init(&a->loop, &a->listener);
    uv_timer_init(&a->loop, &a->tick);
    uv_async_init(&a->loop, &a->stop, on_stop);
    a->listener.data = a;
    a->tick.data = a;
    a->stop.data = a;
    uv_timer_start(&a->tick, on_tick, TICK_MS, TICK_MS);
    s = start_listener(a, config->listen, err);
    a->port = s == FW_OK ? bound_port(a) : 0;
    if (s == FW_OK && !start_thread(a))
        s = fw_err_set(err, FW_IO, "cannot start the administrator's thread");
    if (s != FW_OK)
        close_loop(a);
    return s;
}

void fw_admin_set(struct fw_admin *a, enum fw_site_state state)
{
    __atomic_store_n(&a->site.state, (int)state, __ATOMIC_RELAXED);
}

void fw_admin_close(struct fw_admin *a)
{
    if (!a->port)
        return;
    uv_async_send(&a->stop);
    pthread_join(a->thread, NULL);
    uv_loop_close(&a->loop);
    fw_view_close(&a->site.view);
    fw_decision_desk_close(&a->site.decisions);
    a->port = 0;
}
