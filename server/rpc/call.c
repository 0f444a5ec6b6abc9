#include "server/rpc/call.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <grpc/support/alloc.h>

#include "sdk/base/clock.h"
#include "sdk/base/mem.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/reason.h"
#include "server/rpc/call_guest.h"
#include "server/rpc/lane.h"
#include "server/rpc/server.h"

#define FROM_TAG(tag, member)                                                  \
    ((struct fw_call *)((char *)(tag)-offsetof(struct fw_call, member)))

struct fw_call *fw_call_ref(struct fw_call *c)
{
    __atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
    return c;
}

bool fw_call_try_ref(struct fw_call *c)
{
    uint32_t refs = __atomic_load_n(&c->refs, __ATOMIC_RELAXED);

    while (refs &&
           !__atomic_compare_exchange_n(&c->refs, &refs, refs + 1, true,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
    return refs != 0;
}

void fw_call_stuck(struct fw_call *c, bool is)
{
    int64_t since_ms = is ? fw_clock_mono_ms() : 0;

    __atomic_store_n(&c->stuck_ms, since_ms, __ATOMIC_RELAXED);
    if (is)
        fw_unread_from(&c->server->unread, since_ms);
}

void fw_call_look_at(struct fw_call *c, int64_t ms)
{
    __atomic_store_n(&c->look_ms, ms, __ATOMIC_RELAXED);
    if (ms)
        fw_unread_from(&c->server->unread, ms);
}

void fw_call_unref(struct fw_call *c)
{
    if (__atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL))
        return;
    if (c->method && c->method->close && (c->call || c->lane))
        c->method->close(c);
    fw_call_leave_guest(c);
    if (c->call)
        grpc_call_unref(c->call);
    if (c->lane)
        fw_lane_destroy(c->lane);
    fw_metadata_close(&c->metadata);
    grpc_call_details_destroy(&c->details);
    pthread_mutex_destroy(&c->lock);
    if (c->call || c->lane)
        fw_server_call_ended(c->server, c);
    free(c);
}

/* Start a batch whose tag holds a reference; false if gRPC will not. */
static bool start(struct fw_call *c, const grpc_op *ops, size_t n,
                  struct fw_tag *tag)
{
    fw_call_ref(c);
    fw_tag_hand(tag);
    if (grpc_call_start_batch(c->call, ops, n, tag, NULL) == GRPC_CALL_OK)
        return true;
    fw_call_unref(c);
    return false;
}

/* --- reading --- */

static void on_received(struct fw_tag *tag, bool ok)
{
    struct fw_call *c = FROM_TAG(tag, received);
    struct fw_message message = {0};
    struct fw_err err;
    fw_status s = FW_OK;

    if (!ok || !c->incoming) {
        c->method->on_read(c, NULL);
    } else {
        s = fw_message_open(&message, c->incoming, &err);
        c->incoming = NULL;
        fw_jobs_count(c->server->jobs, message.n_bytes, 0);
        fw_call_pay(c, message.n_bytes);
        if (s == FW_OK && message.n_bytes > FW_MESSAGE_MAX_BYTES)
            s = FW_REFUSE(&err, MESSAGE_TOO_LARGE,
                          "a message of %zu bytes; at most %u are taken",
                          message.n_bytes, FW_MESSAGE_MAX_BYTES);
        if (s == FW_OK)
            c->method->on_read(c, &message);
        else
            fw_call_finish(c, s, &err);
        fw_message_close(&message);
    }
    fw_call_unref(c);
}

void fw_call_read(struct fw_call *c)
{
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE};

    if (c->lane) {
        fw_lane_read(c->lane);
        return;
    }
    c->incoming = NULL;
    op.data.recv_message.recv_message = &c->incoming;
    if (!start(c, &op, 1, &c->received))
        c->method->on_read(c, NULL);
}

void fw_call_landing(struct fw_call *c, fw_land_fn *land, fw_landed_fn *landed)
{
    if (!c->lane)
        return;
    c->lane->find = land;
    c->lane->landed = landed;
}

/* --- writing --- */

/* ops[0], the headers, if they are due, and ops[1]; the lock is held. */
static void send_ops(struct fw_call *c, const grpc_op *ops)
{
    fw_call_stuck(c, true);
    c->sending =
        start(c, c->headed ? &ops[1] : ops, c->headed ? 1 : 2, &c->sent);
    if (!c->sending)
        fw_call_stuck(c, false);
    c->headed = true;
}

/* The status that ends the call; the lock is held. */
static void send_status(struct fw_call *c)
{
    int code = c->end_status == FW_OK
                   ? 0
                   : fw_reason_grpc_code(c->end_status, &c->end_error);
    grpc_slice text = grpc_slice_from_copied_string(c->end_error.text);
    grpc_metadata detail = {0};
    struct fw_bytes packed = {0};
    grpc_op ops[2] = {{.op = GRPC_OP_SEND_INITIAL_METADATA},
                      {.op = GRPC_OP_SEND_STATUS_FROM_SERVER}};

    ops[1].data.send_status_from_server.status = (grpc_status_code)code;
    ops[1].data.send_status_from_server.status_details = &text;
    if (code && fw_encode_error(code, &c->end_error, c->end_retry_ms,
                                &packed) == FW_OK) {
        detail.key = grpc_slice_from_static_string("grpc-status-details-bin");
        detail.value =
            grpc_slice_from_copied_buffer((const char *)packed.data, packed.n);
        ops[1].data.send_status_from_server.trailing_metadata_count = 1;
        ops[1].data.send_status_from_server.trailing_metadata = &detail;
    }
    c->ended = true;
    send_ops(c, ops);
    if (packed.n)
        grpc_slice_unref(detail.value);
    grpc_slice_unref(text);
    fw_bytes_close(&packed);
}

/* One message; the lock is held. */
static void send_message(struct fw_call *c, grpc_byte_buffer *buffer)
{
    grpc_op ops[2] = {{.op = GRPC_OP_SEND_INITIAL_METADATA},
                      {.op = GRPC_OP_SEND_MESSAGE}};

    fw_jobs_count(c->server->jobs, 0, grpc_byte_buffer_length(buffer));
    ops[1].data.send_message.send_message = buffer;
    send_ops(c, ops);
    grpc_byte_buffer_destroy(buffer); /* gRPC holds the slices it needs */
}

/* Start the next write if there is one; the lock is held. */
static void write_next(struct fw_call *c)
{
    grpc_byte_buffer *buffer;

    if (c->lane) {
        fw_lane_write(c->lane);
        return;
    }
    if (c->sending || c->ended || c->gone)
        return;
    buffer = c->method && c->method->next ? c->method->next(c) : NULL;
    if (buffer)
        send_message(c, buffer);
    else if (c->ending)
        send_status(c);
}

static void on_sent(struct fw_tag *tag, bool ok)
{
    struct fw_call *c = FROM_TAG(tag, sent);

    pthread_mutex_lock(&c->lock);
    c->sending = false;
    fw_call_stuck(c, false);
    if (ok && c->guest)
        fw_guest_took(c->guest);
    c->gone = c->gone || !ok;
    write_next(c);
    pthread_mutex_unlock(&c->lock);
    fw_call_unref(c);
}

void fw_call_pump(struct fw_call *c)
{
    pthread_mutex_lock(&c->lock);
    write_next(c);
    pthread_mutex_unlock(&c->lock);
}

void fw_call_finish(struct fw_call *c, fw_status s, const struct fw_err *err)
{
    pthread_mutex_lock(&c->lock);
    if (!c->ending) {
        c->ending = true;
        c->end_status = s;
        if (s != FW_OK && err)
            c->end_error = *err;
        write_next(c);
    }
    pthread_mutex_unlock(&c->lock);
}

void fw_call_cancel(struct fw_call *c, fw_status s, const char *why)
{
    const struct fw_err none = {0};

    if (c->lane)
        fw_lane_cut(c->lane);
    else
        grpc_call_cancel_with_status(
            c->call, (grpc_status_code)fw_reason_grpc_code(s, &none), why,
            NULL);
}

bool fw_call_over(struct fw_call *c)
{
    bool over;

    pthread_mutex_lock(&c->lock);
    over = c->gone || c->ending;
    pthread_mutex_unlock(&c->lock);
    return over;
}

/* --- arriving --- */

static void on_closed(struct fw_tag *tag, bool ok)
{
    struct fw_call *c = FROM_TAG(tag, closed);

    (void)ok;
    pthread_mutex_lock(&c->lock);
    c->gone = c->gone || c->cancelled;
    pthread_mutex_unlock(&c->lock);
    fw_call_unref(c);
}

static void refuse_unknown(struct fw_call *c)
{
    struct fw_err err;
    char *path = grpc_slice_to_c_string(c->details.method);

    fw_call_finish(
        c, FW_REFUSE(&err, METHOD_UNKNOWN, "there is no method %.200s", path),
        &err);
    gpr_free(path);
}

/* The method begins, if the caller may use it. */
static void begin(struct fw_call *c)
{
    struct fw_err err;
    fw_status s = fw_access_check(&c->server->access, &c->metadata,
                                  c->method->roles, &c->principal, &err);

    if (s == FW_OK) {
        c->let_in = true;
        if (c->guest)
            fw_meter_call(&c->guest->meter, c->method->bulk);
        c->method->start(c);
    } else {
        fw_call_finish(c, s, &err);
    }
}

fw_status fw_call_job(struct fw_call *c, const char *name,
                      struct fw_job_thread **out, struct fw_err *err)
{
    fw_status s = fw_access_job(&c->principal, name, err);

    *out = NULL;
    return s == FW_OK ? fw_jobs_find(c->server->jobs, name, out, err) : s;
}

static void on_arrived(struct fw_tag *tag, bool ok)
{
    struct fw_call *c = FROM_TAG(tag, arrived);
    grpc_op close = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER};

    if (ok) {
        fw_server_call_arrived(c->server, c);
        fw_call_arm(c->server, c->method, c->registered);
        close.data.recv_close_on_server.cancelled = &c->cancelled;
        if (!start(c, &close, 1, &c->closed))
            c->gone = true;
        if (fw_call_join_guest(c)) {
            if (c->method)
                begin(c);
            else
                refuse_unknown(c);
        }
    }
    fw_call_unref(c);
}

static struct fw_call *create(struct fw_server *server,
                              const struct fw_method *method)
{
    struct fw_call *c =
        fw_mem_array(1, sizeof(*c) + 16 + (method ? method->state_bytes : 0));

    if (!c)
        return NULL;
    c->server = server;
    c->method = method;
    c->state = (char *)c + (sizeof(*c) + 15) / 16 * 16;
    c->refs = 1;
    c->arrived.done = on_arrived;
    c->received.done = on_received;
    c->sent.done = on_sent;
    c->closed.done = on_closed;
    pthread_mutex_init(&c->lock, NULL);
    grpc_metadata_array_init(&c->metadata);
    grpc_call_details_init(&c->details);
    return c;
}

bool fw_call_arm(struct fw_server *server, const struct fw_method *method,
                 void *registered)
{
    struct fw_call *c = create(server, method);
    grpc_call_error e;

    if (!c)
        return false;
    c->registered = registered;
    e = fw_server_request(server, c);
    if (e != GRPC_CALL_OK)
        fw_call_unref(c);
    return e == GRPC_CALL_OK;
}

struct fw_call *fw_call_of_lane(struct fw_server *server,
                                const struct fw_method *method,
                                struct fw_pipe *take)
{
    struct fw_call *c = create(server, method);

    if (!c) {
        fw_pipe_close(take);
        return NULL;
    }
    c->lane = fw_lane_create(c, take);
    if (!c->lane) {
        fw_call_unref(c);
        return NULL;
    }
    fw_server_call_arrived(server, c);
    return c;
}
