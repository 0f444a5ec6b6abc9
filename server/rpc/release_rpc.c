/* ReleaseWorker. */
#include <stddef.h>

#include "sdk/base/log.h"
#include "sdk/wire/codec.h"
#include "server/rpc/job_rpc.h"
#include "server/rpc/server.h"

static struct fw_release_call *of_letter(struct fw_letter *l)
{
    return (struct fw_release_call *)((char *)l -
                                      offsetof(struct fw_release_call, letter));
}

static void run(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct fw_release_call *r = of_letter(l);

    r->status = fw_job_release(job, r->request.worker, now_ms, &r->err);
}

/* The status tells of it by now. */
static void answer(struct fw_letter *l)
{
    struct fw_release_call *r = of_letter(l);
    struct fw_bytes none = {0};

    if (r->status == FW_OK)
        fw_log(FW_LOG_INFO, "worker_released", "job=%s worker=%s",
               r->request.job, r->request.worker);
    fw_unary_answer(r->call, r->status, &none, &r->err);
    fw_call_unref(r->call);
}

static void drop(struct fw_letter *l)
{
    fw_unary_dropped(of_letter(l)->call);
}

void fw_release_worker(struct fw_call *c, struct fw_message *m)
{
    struct fw_release_call *r = c->state;
    struct fw_bytes scratch = {0};
    struct fw_err err = {0};
    struct fw_span flat;
    fw_status s;

    if (!fw_unary_take(c, m, &scratch, &flat))
        return;
    r->call = c;
    r->letter = (struct fw_letter){.run = run, .after = answer, .drop = drop};
    s = fw_decode_release_worker_request(flat.data, flat.n, &r->request, &err);
    if (s != FW_OK || !fw_unary_again(c, r->request.request_id))
        fw_unary_ask(c, s, r->request.job, &r->letter, &err);
    fw_bytes_close(&scratch);
}
