#include "sdk/client/inbox.h"

#include <grpc/byte_buffer.h>

#include "sdk/base/clock.h"

/* Take the memory out of a message that is lent to us; its spans may lie in
 * the struct itself, so the message is opened anew where it is wanted. */
static void on_received(void *user, struct fw_message *m)
{
    struct fw_inbox *in = user;

    in->waiting = m->buffer; /* take */
    m->buffer = NULL;
}

static const struct fw_stream_events inbox_events = {.received = on_received};

fw_status fw_inbox_open(struct fw_inbox *in, struct fw_connection *c,
                        const char *method, const struct fw_bytes *request,
                        struct fw_err *err)
{
    fw_status s;

    *in = (struct fw_inbox){0};
    s = fw_stream_open(&in->stream, c, method, NULL, &inbox_events, in);
    pthread_mutex_lock(&in->stream.waiter.lock);
    if (s == FW_OK)
        s = fw_stream_send(&in->stream, fw_buffer_copy(request), true);
    if (s == FW_OK)
        fw_stream_receive(&in->stream);
    else if (err)
        *err = in->stream.err;
    pthread_mutex_unlock(&in->stream.waiter.lock);
    if (s != FW_OK)
        fw_inbox_close(in);
    return s;
}

void fw_inbox_close(struct fw_inbox *in)
{
    fw_stream_close(&in->stream);
    if (in->waiting)
        grpc_byte_buffer_destroy(in->waiting);
    in->waiting = NULL;
}

/* With the lock held: wait for a message or the end. */
static void wait_for_news(struct fw_inbox *in, uint32_t timeout_ms)
{
    int64_t until_ms = fw_clock_mono_ms() + timeout_ms;

    while (!in->waiting && !in->stream.ended &&
           fw_waiter_wait(&in->stream.waiter, until_ms))
        continue;
}

static fw_status how_it_ended(const struct fw_inbox *in, uint32_t timeout_ms,
                              struct fw_err *err)
{
    if (!in->stream.ended)
        return fw_err_set(err, FW_TIMEOUT, "nothing came for %u ms",
                          (unsigned)timeout_ms);
    if (in->stream.status == FW_OK)
        return fw_err_set(err, FW_CLOSED, "the server ended the stream");
    if (err)
        *err = in->stream.err;
    return in->stream.status;
}

fw_status fw_inbox_take(struct fw_inbox *in, uint32_t timeout_ms,
                        struct fw_message *out, struct fw_err *err)
{
    fw_status s;

    *out = (struct fw_message){0};
    pthread_mutex_lock(&in->stream.waiter.lock);
    wait_for_news(in, timeout_ms);
    if (in->waiting) {
        s = fw_message_open(out, in->waiting, err);
        in->waiting = NULL;
        fw_stream_receive(&in->stream);
    } else {
        s = how_it_ended(in, timeout_ms, err);
    }
    pthread_mutex_unlock(&in->stream.waiter.lock);
    return s;
}
