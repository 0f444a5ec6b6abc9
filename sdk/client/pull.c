/* fw_session_pull: the newest parameters by the Train stream. */
#include <string.h>

#include "sdk/client/reconnect.h"

static bool is_received(const void *what)
{
    return fw_receiver_done(&((const struct fw_session *)what)->rx);
}

fw_status fw_session_fetch(struct fw_session *s, float *parameters)
{
    struct fw_train_request ask = {.kind = FW_TRAIN_PARAMETERS};
    fw_status st = fw_session_wait_idle(s);

    if (st != FW_OK)
        return st;
    fw_stream_take_off(&s->train);
    s->rx = (struct fw_receiver){.values = parameters,
                                 .n = s->joined.n_elements,
                                 .dtype = fw_dtype_down(s->joined.wire_dtype)};
    st = fw_session_send(s, &ask);
    if (st != FW_OK)
        return st;
    return fw_session_wait(s, is_received, "receiving parameters");
}

fw_status fw_session_pull(struct fw_session *s, float *parameters,
                          uint64_t *version, struct fw_err *err)
{
    fw_status st;

    pthread_mutex_lock(&s->train.waiter.lock);
    do {
        st = fw_session_ready(s);
        if (st == FW_OK)
            st = fw_session_fetch(s, parameters);
    } while (st != FW_OK && fw_session_goes_on(s, st));
    if (st == FW_OK) {
        *version = s->rx.version;
        s->restarted = false;
    } else if (err) {
        *err = s->why;
    }
    fw_stream_take_off(&s->train);
    s->rx = (struct fw_receiver){0};
    pthread_mutex_unlock(&s->train.waiter.lock);
    return st;
}
