/* fw_session_pull: the newest parameters by the Train stream. */
#include <string.h>

#include "sdk/client/session.h"

static bool is_received(const void *what)
{
    return fw_receiver_done(&((const struct fw_session *)what)->rx);
}

fw_status fw_session_pull(struct fw_session *s, float *parameters,
                          uint64_t *version, struct fw_err *err)
{
    struct fw_train_request ask = {.kind = FW_TRAIN_PARAMETERS};
    fw_status st;

    pthread_mutex_lock(&s->train.waiter.lock);
    st = fw_session_wait_idle(s);
    if (st == FW_OK) {
        s->rx = (struct fw_receiver){.values = parameters,
                                     .n = s->joined.n_elements,
                                     .dtype = s->joined.wire_dtype};
        st = fw_session_send(s, &ask);
    }
    if (st == FW_OK)
        st = fw_stream_wait(&s->train, is_received, s, s->timeout_ms,
                            "receiving parameters");
    if (st == FW_OK)
        *version = s->rx.version;
    else if (err)
        *err = s->train.err;
    s->rx = (struct fw_receiver){0};
    pthread_mutex_unlock(&s->train.waiter.lock);
    return st;
}
