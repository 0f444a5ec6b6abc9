#include "server/rpc/pull_rpc.h"

#include <grpc/support/time.h>

#include "sdk/base/clock.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/reason.h"
#include "server/rpc/server.h"

#define REST_MAX_US 30000000 /* a pull that would rest longer is refused */

grpc_byte_buffer *fw_pull_next(struct fw_call *c)
{
    struct fw_pull_call *p = c->state;

    return fw_transfer_next(&p->transfer);
}

void fw_pull_close(struct fw_call *c)
{
    struct fw_pull_call *p = c->state;

    fw_transfer_close(&p->transfer);
    fw_version_unref(p->version);
}

void fw_pull_look(struct fw_call *c, int64_t now_ms)
{
    struct fw_pull_call *p = c->state;

    fw_unread_look(c, &p->transfer, now_ms);
}

static struct fw_version *newest(struct fw_job_thread *t, struct fw_err *err)
{
    struct fw_version *v = fw_job_thread_version(t);

    if (!v)
        (void)FW_REFUSE(err, NOT_INITIALIZED, "job '%s' has no parameters yet",
                        fw_job_thread_name(t));
    return v;
}

static void send_version(struct fw_call *c, struct fw_version *take)
{
    struct fw_pull_call *p = c->state;

    pthread_mutex_lock(&c->lock);
    fw_transfer_begin(&p->transfer, take);
    pthread_mutex_unlock(&c->lock);
    fw_call_finish(c, FW_OK, NULL); /* after the last chunk */
}

/* It has rested: what it asked for goes. */
static void send_rested(struct fw_pause *pause)
{
    struct fw_call *c = pause->call;
    struct fw_pull_call *p = c->state;
    struct fw_version *take = p->version;

    p->version = NULL;
    send_version(c, take);
}

/* Send it when the job's rates allow, unless that is longer than the caller or
 * anybody waits.  Takes the version. */
static void pace(struct fw_call *c, struct fw_quota *q, struct fw_version *take)
{
    struct fw_pull_call *p = c->state;
    int64_t left_us = gpr_time_to_millis(gpr_time_sub(
                          c->deadline, gpr_now(c->deadline.clock_type))) *
                      (int64_t)1000;
    int64_t now_us = fw_clock_mono_us();
    int64_t wait_us;
    struct fw_err err;
    bool refused;
    fw_status s;

    wait_us = fw_quota_try(
        q, fw_tensor_bytes(p->transfer.dtype, take->n_elements),
        left_us < REST_MAX_US ? left_us : REST_MAX_US, now_us, &refused);
    if (refused) {
        fw_version_unref(take);
        pthread_mutex_lock(&c->lock);
        c->end_retry_ms = (uint32_t)(wait_us / 1000);
        pthread_mutex_unlock(&c->lock);
        s = FW_REFUSE(&err, THROTTLED,
                      "the job sends and takes at most %llu bytes/s; try "
                      "again in %.1f s",
                      (unsigned long long)q->granted.bytes_per_second,
                      (double)wait_us / 1e6);
        fw_call_finish(c, s, &err);
    } else if (wait_us) {
        p->version = take;
        fw_pauses_put(&c->server->pauses, &p->pause, c, now_us + wait_us,
                      send_rested);
    } else {
        send_version(c, take);
    }
}

void fw_pull(struct fw_call *c, struct fw_message *m)
{
    struct fw_pull_call *p = c->state;
    struct fw_version *version = NULL;
    struct fw_job_thread *t = NULL;
    struct fw_bytes scratch = {0};
    struct fw_pull_request in;
    struct fw_err err = {0};
    struct fw_span flat;
    fw_status s;

    if (!m) {
        fw_call_finish(c, FW_REFUSE(&err, MESSAGE_INVALID, "no request"), &err);
        return;
    }
    s = fw_message_flat(m, &scratch, &flat);
    if (s == FW_OK)
        s = fw_decode_pull_request(flat.data, flat.n, &in, &err);
    if (s == FW_OK)
        s = fw_call_job(c, in.job, &t, &err);
    if (s == FW_OK)
        version = newest(t, &err);
    if (version) {
        struct fw_quota *q = fw_job_thread_pace(t);

        p->transfer.dtype = in.wire_dtype; /* nobody writes before that */
        p->transfer.head = fw_chunk_pull;
        if (q)
            pace(c, q, version);
        else
            send_version(c, version);
    } else {
        fw_call_finish(c, s == FW_OK ? FW_PRECONDITION : s, &err);
    }
    fw_job_thread_unref(t);
    fw_bytes_close(&scratch);
}
