/* GetTrace: the staleness of single gradients. */
#include <stddef.h>

#include "sdk/wire/codec.h"
#include "server/rpc/server.h"
#include "server/rpc/status_rpc.h"

static struct fw_trace_call *call_of(struct fw_letter *l)
{
    return (struct fw_trace_call *)((char *)l -
                                    offsetof(struct fw_trace_call, letter));
}

static void run(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct fw_trace_call *t = call_of(l);
    struct fw_trace_response trace = {0};
    struct fw_bytes out = {0};
    struct fw_err err = {0};
    fw_status s = fw_job_trace(job, &trace);

    (void)now_ms;
    if (s == FW_OK)
        s = fw_encode_get_trace_response(&trace, &out);
    fw_unary_answer(t->call, s, &out, &err);
    fw_trace_response_close(&trace);
    fw_call_unref(t->call);
}

static void drop(struct fw_letter *l)
{
    fw_unary_dropped(call_of(l)->call);
}

void fw_get_trace(struct fw_call *c, struct fw_message *m)
{
    struct fw_trace_call *t = c->state;
    struct fw_bytes scratch = {0};
    struct fw_err err = {0};
    struct fw_span flat;
    fw_status s;

    if (!fw_unary_take(c, m, &scratch, &flat))
        return;
    t->call = c;
    t->letter = (struct fw_letter){.run = run, .drop = drop};
    s = fw_decode_get_trace_request(flat.data, flat.n, &t->request, &err);
    fw_unary_ask(c, s, t->request.job, &t->letter, &err);
    fw_bytes_close(&scratch);
}
