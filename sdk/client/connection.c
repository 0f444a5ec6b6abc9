#include "sdk/client/connection.h"

#include <stdio.h>
#include <string.h>

#include "sdk/base/clock.h"
#include "sdk/base/port.h"
#include "sdk/client/method.h"
#include "sdk/client/unary.h"
#include "sdk/client/waiter.h"
#include "sdk/wire/messages.h"

/* Room beyond the largest message, for what a newer server may add. */
#define RECEIVE_MAX_BYTES (FW_MESSAGE_MAX_BYTES + 65536)

#define PROBE_MS 1000 /* to learn why there is no connection */

static grpc_arg integer(const char *key, int value)
{
    return (grpc_arg){
        .type = GRPC_ARG_INTEGER, .key = (char *)key, .value.integer = value};
}

static grpc_channel *create_channel(const char *address,
                                    grpc_channel_credentials *how)
{
    grpc_arg args[] = {
        /* A dead link is noticed in 11 s.  Servers allow a ping every 5 s. */
        integer(GRPC_ARG_KEEPALIVE_TIME_MS, 7000),
        /* Also TCP_USER_TIMEOUT: how long a stuck write may last. */
        integer(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 4000),
        integer(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1),
        integer(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0),
        /* Retries are ours: only we know what is safe to send twice. */
        integer(GRPC_ARG_ENABLE_RETRIES, 0),
        integer(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
        integer(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
        /* Handles share nothing, not even a connection. */
        integer(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1),
        integer(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100),
        integer(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000),
        integer(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000),
        integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, RECEIVE_MAX_BYTES),
        /* Large frames; the probe widens the connection (docs/performance.md).
         */
        integer(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, 1 << 20),
        integer(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 4 << 20),
        integer(GRPC_ARG_HTTP2_BDP_PROBE, 1),
        integer(GRPC_ARG_HTTP2_WRITE_BUFFER_SIZE, 1 << 20),
        {.type = GRPC_ARG_STRING,
         .key = (char *)GRPC_ARG_PRIMARY_USER_AGENT_STRING,
         .value.string = (char *)"flywheel/" FW_VERSION_TEXT},
    };
    grpc_channel_args all = {sizeof(args) / sizeof(*args), args};

    return grpc_channel_create(address, how, &all);
}

/* A wait for the channel's state to change. */
struct watch {
    struct fw_tag tag;
    struct fw_waiter waiter; /* guards the rest */
    bool done;
};

static void state_changed(struct fw_tag *tag, bool ok)
{
    struct watch *w = (struct watch *)tag;

    (void)ok; /* the state is looked at again in any case */
    pthread_mutex_lock(&w->waiter.lock);
    w->done = true;
    pthread_cond_broadcast(&w->waiter.changed);
    pthread_mutex_unlock(&w->waiter.lock);
}

static void wait_for_change(struct fw_connection *c,
                            grpc_connectivity_state from, int64_t ms)
{
    struct watch w = {.tag = {state_changed}};

    fw_waiter_init(&w.waiter);
    fw_loop_watch(&c->loop, c->channel, from, ms, &w.tag);
    pthread_mutex_lock(&w.waiter.lock);
    while (!w.done)
        pthread_cond_wait(&w.waiter.changed, &w.waiter.lock);
    pthread_mutex_unlock(&w.waiter.lock);
    fw_waiter_close(&w.waiter);
}

static bool wait_until_ready(struct fw_connection *c, uint32_t timeout_ms)
{
    int64_t until_ms = fw_clock_mono_ms() + timeout_ms;

    for (;;) {
        grpc_connectivity_state now =
            grpc_channel_check_connectivity_state(c->channel, 1);
        int64_t left_ms = until_ms - fw_clock_mono_ms();

        if (now == GRPC_CHANNEL_READY)
            return true;
        if (left_ms <= 0)
            return false;
        wait_for_change(c, now, left_ms);
    }
}

/* A call on a channel that has no connection fails at once and says why. */
static fw_status explain(struct fw_connection *c, struct fw_err *err)
{
    struct fw_bytes none = {0};
    struct fw_bytes answer = {0};
    struct fw_err why = {{0}, "no connection yet"};
    fw_status s =
        fw_unary(c, FW_METHOD_HEALTH_CHECK, &none, &answer, PROBE_MS, &why);

    fw_bytes_close(&answer);
    if (s == FW_OK)
        return FW_OK; /* it came just now */
    return fw_err_set(err, FW_UNAVAILABLE, "no flywheel server at %s: %s (%s)",
                      c->address, why.text,
                      c->credentials.secure
                          ? "tried by TLS, with the certificate that was given"
                          : "tried without TLS; a server with it wants --ca");
}

void fw_connection_address(const char *given, char out[FW_ADDRESS_MAX])
{
    const char *scheme = "flywheel://";
    size_t n = strlen(scheme);

    if (strncmp(given, scheme, n) != 0)
        n = 0;
    snprintf(out, FW_ADDRESS_MAX, "%s%s", n && given[n] == '/' ? "unix:" : "",
             given + n);
}

/* "HOST:PORT" or "unix:PATH"; without a port gRPC would choose one. */
static bool address_valid(const char *address)
{
    const char *port = strrchr(address, ':');

    if (!port || port == address)
        return false;
    if (strncmp(address, "unix:", sizeof("unix:") - 1) == 0)
        return true;
    return fw_port_valid(port + 1);
}

fw_status fw_connection_open(struct fw_connection *c, const char *address,
                             const struct fw_credential_files *files,
                             uint32_t timeout_ms, struct fw_err *err)
{
    fw_status s;

    *c = (struct fw_connection){0};
    if (!address)
        address = FW_ADDRESS_DEFAULT;
    fw_connection_address(address, c->address);
    if (strlen(address) >= FW_ADDRESS_MAX - 1 || !address_valid(c->address))
        return fw_err_set(
            err, FW_INVALID,
            "address '%.64s': want HOST:PORT, a port up to %d, or "
            "unix:PATH",
            address, FW_PORT_MAX);
    address = c->address;
    s = fw_loop_init(&c->loop, err);
    if (s != FW_OK)
        return s;
    s = fw_credentials_open(&c->credentials, files, address, err);
    if (s == FW_OK)
        c->channel = create_channel(address, c->credentials.channel);
    if (s == FW_OK && !wait_until_ready(c, timeout_ms))
        s = explain(c, err);
    if (s != FW_OK)
        fw_connection_close(c);
    return s;
}

void fw_connection_close(struct fw_connection *c)
{
    if (c->channel)
        grpc_channel_destroy(c->channel);
    c->channel = NULL;
    fw_loop_close(&c->loop);
    fw_credentials_close(&c->credentials);
}
