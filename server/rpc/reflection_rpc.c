#include "server/rpc/reflection_rpc.h"

#include "sdk/wire/codec.h"
#include "sdk/wire/reason.h"

grpc_byte_buffer *fw_reflection_next(struct fw_call *c)
{
    struct fw_reflection *r = c->state;
    grpc_byte_buffer *answer;

    if (!r->n)
        return NULL;
    answer = r->answers[r->first];
    r->first = (r->first + 1) % FW_REFLECTION_ANSWERS;
    r->n--;
    return answer;
}

void fw_reflection_close(struct fw_call *c)
{
    grpc_byte_buffer *answer;

    while ((answer = fw_reflection_next(c)))
        grpc_byte_buffer_destroy(answer);
}

/* Put an answer behind the others; OVERLOADED if too many wait. */
static fw_status put(struct fw_call *c, const struct fw_bytes *bytes,
                     struct fw_err *err)
{
    struct fw_reflection *r = c->state;
    bool full;

    pthread_mutex_lock(&c->lock);
    full = r->n == FW_REFLECTION_ANSWERS;
    if (!full)
        r->answers[(r->first + r->n++) % FW_REFLECTION_ANSWERS] =
            fw_buffer_copy(bytes);
    pthread_mutex_unlock(&c->lock);
    fw_call_pump(c);
    if (full)
        return FW_REFUSE(err, OVERLOADED, "the client does not read answers");
    return FW_OK;
}

void fw_reflect(struct fw_call *c, struct fw_message *m)
{
    struct fw_bytes scratch = {0};
    struct fw_bytes out = {0};
    struct fw_err err = {0};
    struct fw_span flat;
    fw_status s;

    if (!m) { /* the client has no more questions */
        fw_call_finish(c, FW_OK, NULL);
        return;
    }
    s = fw_message_flat(m, &scratch, &flat);
    if (s == FW_OK)
        s = fw_reflection_answer(flat.data, flat.n, &out, &err);
    if (s == FW_OK)
        s = put(c, &out, &err);
    if (s == FW_OK)
        fw_call_read(c);
    else
        fw_call_finish(c, s, &err);
    fw_bytes_close(&scratch);
    fw_bytes_close(&out);
}
