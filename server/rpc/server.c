#include "server/rpc/server.h"

#include <stdio.h>
#include <string.h>

#include <grpc/grpc_security.h>

#include "sdk/base/clock.h"
#include "sdk/base/log.h"
#include "server/rpc/grpc_locks.h"
#include "server/rpc/grpc_log.h"
#include "server/rpc/methods.h"
#include "server/rpc/watch_rpc.h"

#define ARMED_PER_METHOD 4
#define PING_STRIKES     2 /* as gRPC would; 0: none */
#define MIB              (1 << 20)
/* Above our own limit, so that a message that is a little too large can be
 * refused by name; beyond this gRPC ends the call itself. */
#define RECEIVE_MAX_BYTES (4 * MIB)
#define CANCELLED_MS      50 /* between looks at calls that were cancelled */

static grpc_arg integer(const char *key, int value)
{
    grpc_arg a = {.type = GRPC_ARG_INTEGER, .key = (char *)key};

    a.value.integer = value;
    return a;
}

/* docs/protocol.md, "Limits and keepalive", explains these.  A flood of pings
 * is the meter's to see (meter.h) where there is one: gRPC counts strikes, and
 * is busy with them for a quarter of a second and 20 MiB before it acts. */
static grpc_server *make_server(const struct fw_server_config *config)
{
    const struct fw_deadlines *deadlines = &config->deadlines;
    const int strikes = config->tls.cert[0] ? PING_STRIKES : 0;
    grpc_arg list[] = {
        integer(GRPC_ARG_ALLOW_REUSEPORT, 0),
        integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, RECEIVE_MAX_BYTES),
        integer(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, MIB),
        integer(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 4 * MIB),
        integer(GRPC_ARG_HTTP2_BDP_PROBE, 1),
        integer(GRPC_ARG_HTTP2_WRITE_BUFFER_SIZE, MIB),
        integer(GRPC_ARG_MAX_METADATA_SIZE, 8192),
        integer(GRPC_ARG_MAX_CONCURRENT_STREAMS, 100),
        integer(GRPC_ARG_KEEPALIVE_TIME_MS, 7000),
        integer(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 4000),
        integer(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1),
        integer(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000),
        integer(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0),
        integer(GRPC_ARG_HTTP2_MAX_PING_STRIKES, strikes),
        integer(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                (int)deadlines->handshake_ms),
        integer(GRPC_ARG_MAX_CONNECTION_IDLE_MS, (int)deadlines->idle_ms),
    };
    grpc_channel_args args = {sizeof(list) / sizeof(*list), list};

    return grpc_server_create(&args, NULL);
}

/* What is plain has a listener of our own (listener.h); gRPC's does TLS. */
static fw_status listen_on(struct fw_server *s,
                           const struct fw_server_config *config,
                           struct fw_err *err)
{
    const bool tcp = strcmp(config->listen, "off") != 0;
    const bool tls = tcp && config->tls.cert[0];
    const struct fw_listener_at at = {
        .address = tcp && !tls ? config->listen : NULL,
        .path = config->local.path[0] ? config->local.path : NULL,
        .mode = (mode_t)config->local.mode,
    };
    grpc_server_credentials *how;
    fw_status st = FW_OK;

    if (at.address || at.path)
        st = fw_listener_open(&s->listener, s->server, &at, &s->caps,
                              &config->deadlines, err);
    s->port = s->listener.port;
    if (st != FW_OK || !tls)
        return st;
    st = fw_tls_open(&s->tls, &config->tls, &how, err);
    if (st != FW_OK)
        return st;
    s->port = grpc_server_add_http2_port(s->server, config->listen, how);
    grpc_server_credentials_release(how);
    fw_census_open(&s->census, &s->caps, s->port);
    if (s->port)
        return FW_OK;
    return fw_err_set(err, FW_IO,
                      "cannot listen on %s: the port is taken or the address "
                      "is not of this machine; choose another with --listen",
                      config->listen);
}

static bool start_thread(struct fw_server *s, struct fw_queue *queue,
                         void *(*serve)(void *queue))
{
    if (pthread_create(&s->threads[s->n_threads], NULL, serve, queue))
        return false;
    s->n_threads++;
    return true;
}

static bool start_threads(struct fw_server *s)
{
    bool ok = true;

    for (int i = 0; i < FW_BULK_THREADS && ok; i++)
        ok = start_thread(s, &s->bulk, fw_queue_serve_in_turns);
    for (int i = 0; i < FW_CONTROL_THREADS && ok; i++)
        ok = start_thread(s, &s->control, fw_queue_serve);
    return ok;
}

static bool arm_all(struct fw_server *s, void *const *registered)
{
    bool ok = fw_call_arm(s, NULL, NULL);

    for (size_t i = 0; i < fw_methods_n && ok; i++) {
        for (int k = 0; k < ARMED_PER_METHOD && ok; k++)
            ok = fw_call_arm(s, &fw_methods[i], registered[i]);
    }
    return ok;
}

/* The tokens lie in the data folder unless the configuration says where. */
static fw_status open_access(struct fw_server *s,
                             const struct fw_server_config *config,
                             struct fw_err *err)
{
    char path[FW_PATH_MAX + 8];
    const bool told = config->tokens[0] != '\0';
    fw_status st;

    snprintf(path, sizeof(path), "%s/tokens", config->data_dir);
    st = fw_access_open(&s->access, told ? config->tokens : path, err);
    if (st == FW_OK || st == FW_NOMEM)
        return st;
    return fw_err_wrap(err, told ? FW_INVALID : FW_CORRUPT, "tokens");
}

void fw_server_reload(struct fw_server *s)
{
    fw_access_refresh(&s->access);
    fw_tls_reload(&s->tls);
}

/* Workers can do without. */
static void open_lanes(struct fw_server *s, const char *address)
{
    struct fw_err err;

    if (fw_lanes_open(&s->lanes, s, address, &err) != FW_OK)
        fw_log(FW_LOG_WARN, "no_lanes", "reason=\"%s\"", err.text);
}

fw_status fw_server_open(struct fw_server *s, struct fw_jobs *jobs,
                         const struct fw_store *store,
                         const struct fw_server_config *config,
                         struct fw_err *err)
{
    void *registered[FW_METHODS_MAX];
    fw_status st;

    *s = (struct fw_server){
        .jobs = jobs, .store = store, .born_ms = fw_clock_mono_ms()};
    st = open_access(s, config, err);
    if (st != FW_OK)
        return st;
    if (fw_answers_init(&s->answers) != FW_OK) {
        fw_access_close(&s->access);
        return fw_err_set(err, FW_NOMEM, "cannot make a lock");
    }
    fw_caps_open(&s->caps, config->max_connections, config->max_per_peer);
    s->deadlines = config->deadlines;
    s->wave_mb_per_second = config->wave_mb_per_second;
    fw_list_init(&s->watchers);
    s->max_watchers = config->max_watchers;
    fw_list_init(&s->calls);
    fw_pauses_open(&s->pauses);
    pthread_mutex_init(&s->watch_lock, NULL);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->quiet, NULL);
    fw_grpc_log_open();
    (void)fw_grpc_locks_relax();
    grpc_init();
    fw_turns_init(&s->bulk.turns);
    s->bulk.queue = grpc_completion_queue_create_for_next(NULL);
    s->control.queue = grpc_completion_queue_create_for_next(NULL);
    s->server = make_server(config);
    grpc_server_register_completion_queue(s->server, s->bulk.queue, NULL);
    grpc_server_register_completion_queue(s->server, s->control.queue, NULL);
    for (size_t i = 0; i < fw_methods_n; i++)
        registered[i] = grpc_server_register_method(
            s->server, fw_methods[i].path, NULL, GRPC_SRM_PAYLOAD_NONE, 0);
    st = listen_on(s, config, err);
    if (st == FW_OK)
        st = fw_desk_open(&s->desk, err);
    if (st == FW_OK && !start_threads(s))
        st = fw_err_set(err, FW_NOMEM, "cannot start the server's threads");
    if (st == FW_OK) {
        open_lanes(s, s->port ? config->listen : NULL);
        grpc_server_start(s->server);
        if (!arm_all(s, registered))
            st = fw_err_set(err, FW_NOMEM, "no memory to take calls");
    }
    if (st == FW_OK && s->listener.in)
        st = fw_listener_start(&s->listener, err);
    if (st != FW_OK)
        fw_server_close(s, 0);
    return st;
}

grpc_call_error fw_server_request(struct fw_server *s, struct fw_call *c)
{
    const struct fw_method *method = c->method;
    void *registered = c->registered;
    grpc_completion_queue *queue =
        method && method->bulk ? s->bulk.queue : s->control.queue;

    fw_tag_hand(&c->arrived); /* nothing of `c` is read from here on */
    if (!method)
        return grpc_server_request_call(s->server, &c->call, &c->details,
                                        &c->metadata, queue, queue,
                                        &c->arrived);
    return grpc_server_request_registered_call(s->server, registered, &c->call,
                                               &c->deadline, &c->metadata, NULL,
                                               queue, queue, &c->arrived);
}

void fw_server_call_arrived(struct fw_server *s, struct fw_call *c)
{
    pthread_mutex_lock(&s->lock);
    s->live++;
    fw_list_push_back(&s->calls, &c->link);
    pthread_mutex_unlock(&s->lock);
}

void fw_server_call_ended(struct fw_server *s, struct fw_call *c)
{
    pthread_mutex_lock(&s->lock);
    s->live--;
    fw_list_remove(&c->link);
    pthread_cond_broadcast(&s->quiet);
    pthread_mutex_unlock(&s->lock);
}

void fw_server_drain(struct fw_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->draining = true;
    pthread_mutex_unlock(&s->lock);
    fw_pauses_shut(&s->pauses);
}

bool fw_server_draining(struct fw_server *s)
{
    bool draining;

    pthread_mutex_lock(&s->lock);
    draining = s->draining;
    pthread_mutex_unlock(&s->lock);
    return draining;
}

void fw_server_tick(struct fw_server *s, int64_t now_ms)
{
    fw_watch_tick(s, now_ms);
    fw_pauses_tick(&s->pauses, fw_clock_mono_us());
    fw_unread_tick(s, now_ms);
    fw_census_tick(&s->census, now_ms);
}

static void on_shutdown(struct fw_tag *tag, bool ok)
{
    struct fw_server *s =
        (struct fw_server *)((char *)tag -
                             offsetof(struct fw_server, shutdown));

    (void)ok;
    pthread_mutex_lock(&s->lock);
    s->down = true;
    pthread_cond_broadcast(&s->quiet);
    pthread_mutex_unlock(&s->lock);
}

/* Wait until no call lives and the shutdown is done; false after `wait_ms`. */
static bool wait_quiet(struct fw_server *s, int64_t wait_ms)
{
    struct timespec t;
    int late = 0;
    bool quiet;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += wait_ms % 1000 * 1000000;
    t.tv_sec += wait_ms / 1000 + t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    pthread_mutex_lock(&s->lock);
    while ((s->live || !s->down) && !late)
        late = pthread_cond_timedwait(&s->quiet, &s->lock, &t);
    quiet = !s->live && s->down;
    pthread_mutex_unlock(&s->lock);
    return quiet;
}

void fw_server_close(struct fw_server *s, int64_t grace_ms)
{
    fw_server_drain(s);
    fw_lanes_drain(&s->lanes);
    fw_listener_stop(&s->listener);
    s->shutdown.done = on_shutdown;
    fw_tag_hand(&s->shutdown);
    if (s->n_threads == FW_BULK_THREADS + FW_CONTROL_THREADS) {
        grpc_server_shutdown_and_notify(s->server, s->control.queue,
                                        &s->shutdown);
        (void)fw_jobs_hurry(s->jobs);
        if (!wait_quiet(s, grace_ms)) {
            grpc_server_cancel_all_calls(s->server);
            fw_lanes_cut(&s->lanes);
            while (!wait_quiet(s, CANCELLED_MS)) {
                fw_server_tick(s, fw_clock_mono_ms()); /* watchers let go */
                (void)fw_jobs_hurry(s->jobs);
            }
        }
    }
    fw_lanes_close(&s->lanes);
    fw_desk_close(&s->desk);
    grpc_completion_queue_shutdown(s->bulk.queue);
    grpc_completion_queue_shutdown(s->control.queue);
    for (size_t i = 0; i < s->n_threads; i++)
        pthread_join(s->threads[i], NULL);
    if (!s->n_threads) {
        fw_queue_serve(&s->bulk);
        fw_queue_serve(&s->control);
    }
    grpc_server_destroy(s->server);
    grpc_completion_queue_destroy(s->bulk.queue);
    grpc_completion_queue_destroy(s->control.queue);
    fw_listener_close(&s->listener);
    grpc_shutdown();
    fw_tls_close(&s->tls);
    fw_census_close(&s->census);
    fw_caps_close(&s->caps);
    fw_pauses_close(&s->pauses);
    fw_answers_close(&s->answers);
    fw_access_close(&s->access);
    pthread_cond_destroy(&s->quiet);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->watch_lock);
}
