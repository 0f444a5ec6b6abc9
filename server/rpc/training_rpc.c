#include "server/rpc/training_rpc.h"

#include <string.h>
#include <sys/random.h>

#include "sdk/base/log.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/reason.h"
#include "server/rpc/server.h"

#define OF_LETTER(l, type)                                                     \
    ((struct type *)((char *)(l)-offsetof(struct type, letter)))

/* --- Join --- */

static void run_join(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct fw_join_call *j = OF_LETTER(l, fw_join_call);
    struct fw_join_response answer;
    struct fw_bytes out = {0};
    struct fw_err err = {0};
    fw_status s =
        fw_job_join(job, &j->request, j->session, now_ms, &answer, &err);

    if (s == FW_OK) {
        answer.port = (uint32_t)j->call->server->port;
        fw_lanes_tell(&j->call->server->lanes, j->call, &answer);
        s = fw_encode_join_response(&answer, &out);
        fw_log(FW_LOG_INFO, "worker_joined",
               "job=%s worker=%s workers=%u momentum=%.4g", j->request.job,
               j->request.worker, job->sessions.connected,
               job->controller.momentum);
    }
    fw_unary_answer(j->call, s, &out, &err);
    fw_call_unref(j->call);
}

static void drop_join(struct fw_letter *l)
{
    fw_unary_dropped(OF_LETTER(l, fw_join_call)->call);
}

void fw_join(struct fw_call *c, struct fw_message *m)
{
    struct fw_join_call *j = c->state;
    struct fw_bytes scratch = {0};
    struct fw_err err = {0};
    struct fw_span flat;
    fw_status s;

    if (!fw_unary_take(c, m, &scratch, &flat))
        return;
    j->call = c;
    j->letter = (struct fw_letter){.run = run_join, .drop = drop_join};
    s = fw_decode_join_request(flat.data, flat.n, &j->request, &err);
    if (s == FW_OK && fw_server_draining(c->server))
        s = FW_REFUSE(&err, DRAINING, "the server is going down");
    if (s == FW_OK && getrandom(j->session, sizeof(j->session), 0) !=
                          (ssize_t)sizeof(j->session))
        s = FW_REFUSE(&err, INTERNAL, "the system has no random numbers");
    fw_unary_ask(c, s, j->request.job, &j->letter, &err);
    fw_bytes_close(&scratch);
}

void fw_join_close(struct fw_call *c)
{
    struct fw_join_call *j = c->state;

    fw_join_request_close(&j->request);
    explicit_bzero(j->session, sizeof(j->session));
    fw_unary_close(c);
}

/* --- Leave --- */

static void run_leave(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    fw_job_leave(job, OF_LETTER(l, fw_leave_call)->key.session, now_ms);
}

/* Who has left may look at once at what became of its work. */
static void answer_leave(struct fw_letter *l)
{
    struct fw_leave_call *v = OF_LETTER(l, fw_leave_call);
    struct fw_bytes out = {0};

    fw_unary_answer(v->call, FW_OK, &out, NULL);
    fw_call_unref(v->call);
}

static void drop_leave(struct fw_letter *l)
{
    fw_unary_dropped(OF_LETTER(l, fw_leave_call)->call);
}

void fw_leave(struct fw_call *c, struct fw_message *m)
{
    struct fw_leave_call *v = c->state;
    struct fw_bytes scratch = {0};
    struct fw_err err = {0};
    struct fw_span flat;
    fw_status s;

    if (!fw_unary_take(c, m, &scratch, &flat))
        return;
    v->call = c;
    v->letter = (struct fw_letter){
        .run = run_leave, .after = answer_leave, .drop = drop_leave};
    s = fw_decode_leave_request(flat.data, flat.n, &v->key, &err);
    fw_unary_ask(c, s, v->key.job, &v->letter, &err);
    fw_bytes_close(&scratch);
}

/* --- Report --- */

static void run_report(struct fw_letter *l, struct fw_job *job, int64_t now_ms)
{
    struct fw_report_call *r = OF_LETTER(l, fw_report_call);
    struct fw_bytes out = {0};
    struct fw_err err = {0};
    fw_status s = fw_job_report(job, &r->request, &err);

    (void)now_ms;
    fw_unary_answer(r->call, s, &out, &err);
    fw_call_unref(r->call);
}

static void drop_report(struct fw_letter *l)
{
    fw_unary_dropped(OF_LETTER(l, fw_report_call)->call);
}

void fw_report_result(struct fw_call *c, struct fw_message *m)
{
    struct fw_report_call *r = c->state;
    struct fw_bytes scratch = {0};
    struct fw_err err = {0};
    struct fw_span flat;
    fw_status s;

    if (!fw_unary_take(c, m, &scratch, &flat))
        return;
    r->call = c;
    r->letter = (struct fw_letter){.run = run_report, .drop = drop_report};
    s = fw_decode_report_request(flat.data, flat.n, &r->request, &err);
    fw_unary_ask(c, s, r->request.job, &r->letter, &err);
    fw_bytes_close(&scratch);
}
