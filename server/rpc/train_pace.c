#include "server/rpc/train_pace.h"

#include "sdk/base/clock.h"
#include "server/rpc/server.h"
#include "server/rpc/train_lease.h"
#include "server/rpc/train_outbox.h"

#define SIGN_US 1000000 /* between signs of life while it rests */

static void pay(struct fw_train *t, uint64_t gradients, uint64_t bytes)
{
    int64_t now_us = fw_clock_mono_us();
    int64_t wait_us = fw_quota_take(t->pace, gradients, bytes, now_us);

    if (wait_us && t->rest_us < now_us + wait_us)
        t->rest_us = now_us + wait_us;
}

void fw_train_pay_gradient(struct fw_train *t, uint64_t bytes, bool begins)
{
    pay(t, begins, bytes);
}

void fw_train_pay_parameters(struct fw_train *t)
{
    enum fw_dtype dtype = fw_dtype_down(t->dtype);

    pay(t, 0, fw_tensor_bytes(dtype, fw_job_thread_n_elements(t->job)));
}

static void wake(struct fw_pause *p)
{
    static const struct fw_train_response sign = {.kind = FW_TRAIN_HEARTBEAT};
    struct fw_train *t =
        (struct fw_train *)((char *)p - offsetof(struct fw_train, pause));

    if (t->rest_us > fw_clock_mono_us() && !fw_call_over(t->call) &&
        !fw_server_draining(t->call->server)) {
        fw_train_touch(t);
        fw_train_answer(t, &sign);
        fw_train_rest(t);
        return;
    }
    t->rest_us = 0;
    fw_call_read(t->call);
}

void fw_train_rest(struct fw_train *t)
{
    int64_t sign_us = fw_clock_mono_us() + SIGN_US;

    fw_pauses_put(&t->call->server->pauses, &t->pause, t->call,
                  t->rest_us < sign_us ? t->rest_us : sign_us, wake);
}
