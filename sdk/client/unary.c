#include "sdk/client/unary.h"

#include <grpc/byte_buffer.h>
#include <grpc/slice.h>

#include "sdk/client/failure.h"
#include "sdk/client/waiter.h"
#include "sdk/wire/grpc_glue.h"

/* A call on its way. */
struct unary {
    struct fw_tag tag;
    struct fw_credentials *credentials; /* lent by the connection */
    grpc_call *call;                    /* owned */
    grpc_byte_buffer *request;          /* owned */
    grpc_byte_buffer *answer;           /* owned; gRPC's until done */
    grpc_metadata_array metadata;       /* owned */
    struct fw_ending ending;            /* gRPC's until done */
    struct fw_waiter waiter;            /* guards `done` */
    bool done;
};

static void finished(struct fw_tag *tag, bool ok)
{
    struct unary *u = (struct unary *)tag;

    (void)ok; /* the ending says more */
    pthread_mutex_lock(&u->waiter.lock);
    u->done = true;
    pthread_cond_broadcast(&u->waiter.changed);
    pthread_mutex_unlock(&u->waiter.lock);
}

/* The whole call is one batch; its deadline ends it. */
static grpc_call_error start(struct unary *u, struct fw_loop *loop)
{
    grpc_op ops[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA,
         .data.send_initial_metadata.count = u->credentials->n_metadata,
         .data.send_initial_metadata.metadata = &u->credentials->authorization},
        {.op = GRPC_OP_SEND_MESSAGE,
         .data.send_message.send_message = u->request},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
        {.op = GRPC_OP_RECV_INITIAL_METADATA,
         .data.recv_initial_metadata.recv_initial_metadata = &u->metadata},
        {.op = GRPC_OP_RECV_MESSAGE,
         .data.recv_message.recv_message = &u->answer},
        fw_ending_op(&u->ending),
    };

    return fw_loop_start(loop, u->call, ops, sizeof(ops) / sizeof(*ops),
                         &u->tag);
}

static void run(struct unary *u, struct fw_loop *loop)
{
    if (start(u, loop) != GRPC_CALL_OK) {
        u->ending.code = GRPC_STATUS_INTERNAL;
        return;
    }
    pthread_mutex_lock(&u->waiter.lock);
    while (!u->done)
        pthread_cond_wait(&u->waiter.changed, &u->waiter.lock);
    pthread_mutex_unlock(&u->waiter.lock);
}

/* Append the answer; it was taken even if this fails. */
static fw_status take_answer(struct unary *u, struct fw_bytes *answer,
                             struct fw_err *err)
{
    struct fw_message m;
    fw_status s = fw_message_open(&m, u->answer, err);

    u->answer = NULL;
    if (s != FW_OK)
        return s;
    for (size_t i = 0; s == FW_OK && i < m.n_spans; i++)
        s = fw_bytes_append(answer, m.spans[i].data, m.spans[i].n);
    fw_message_close(&m);
    return s == FW_OK ? s : fw_err_set(err, s, "no memory for an answer");
}

fw_status fw_unary(struct fw_connection *c, const char *method,
                   const struct fw_bytes *request, struct fw_bytes *answer,
                   uint32_t timeout_ms, struct fw_err *err)
{
    grpc_slice path = grpc_slice_from_static_string(method);
    struct unary u = {.tag = {finished}, .credentials = &c->credentials};
    fw_status s;

    fw_waiter_init(&u.waiter);
    fw_ending_init(&u.ending);
    grpc_metadata_array_init(&u.metadata);
    u.request = fw_buffer_copy(request);
    u.call = grpc_channel_create_call(c->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
                                      c->loop.queue, path, NULL,
                                      fw_deadline(timeout_ms), NULL);
    run(&u, &c->loop);
    s = fw_ending_status(&u.ending, err);
    if (s == FW_OK)
        s = take_answer(&u, answer, err);
    grpc_call_unref(u.call);
    if (u.answer)
        grpc_byte_buffer_destroy(u.answer);
    grpc_byte_buffer_destroy(u.request);
    fw_metadata_close(&u.metadata);
    fw_ending_close(&u.ending);
    fw_waiter_close(&u.waiter);
    return s;
}
