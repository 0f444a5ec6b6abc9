/* SavedJob: the part of a checkpoint that is no tensor. */
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/wire/pack.h"
#include "sdk/wire/reason.h"
#include "sdk/wire/saved_job.h"
#include "sdk/wire/text.h"

#include "flywheel/v1/checkpoint.pb-c.h"

#define SESSIONS_MAX 65536u

void fw_saved_job_close(struct fw_saved_job *m)
{
    if (m->sessions)
        explicit_bzero(m->sessions, m->n_sessions * sizeof(*m->sessions));
    free(m->sessions);
    free(m->taus);
    *m = (struct fw_saved_job){0};
}

/* X(to, from, field): those that have one name and one type on both sides. */
#define SESSION_FIELDS(X, to, from)                                            \
    X(to, from, epoch)                                                         \
    X(to, from, sequence)                                                      \
    X(to, from, base_version)                                                  \
    X(to, from, gradients)                                                     \
    X(to, from, refused)                                                       \
    X(to, from, samples)                                                       \
    X(to, from, staleness_sum) X(to, from, strikes) X(to, from, quarantined)
#define ACK_FIELDS(X, to, from)                                                \
    X(to, from, sequence)                                                      \
    X(to, from, version)                                                       \
    X(to, from, staleness)                                                     \
    X(to, from, momentum)                                                      \
    X(to, from, learning_rate)                                                 \
    X(to, from, durable_version)                                               \
    X(to, from, incarnation)                                                   \
    X(to, from, probe)
#define CONTROLLER_FIELDS(X, to, from)                                         \
    X(to, from, momentum)                                                      \
    X(to, from, learning_rate)                                                 \
    X(to, from, pinned_momentum)                                               \
    X(to, from, pinned_rate)                                                   \
    X(to, from, trim)                                                          \
    X(to, from, curvature)                                                     \
    X(to, from, curvature_usual)                                               \
    X(to, from, probes)                                                        \
    X(to, from, probes_refused)                                                \
    X(to, from, probe_gap)                                                     \
    X(to, from, probe_next)                                                    \
    X(to, from, probes_asked)                                                  \
    X(to, from, probes_answered)                                               \
    X(to, from, loss_recent)                                                   \
    X(to, from, loss_lowest)                                                   \
    X(to, from, loss_alarms)
#define REPORT_FIELDS(X, to, from)                                             \
    X(to, from, training)                                                      \
    X(to, from, training_version)                                              \
    X(to, from, validation)                                                    \
    X(to, from, accuracy)                                                      \
    X(to, from, validation_version)                                            \
    X(to, from, samples)                                                       \
    X(to, from, applied)                                                       \
    X(to, from, refused)                                                       \
    X(to, from, worker_seconds)

#define COPY(to, from, field) (to)->field = (from)->field;

/* --- to protobuf --- */

struct packed_session {
    PB(SavedSession) session;
    PB(GradientAck) ack;
};

static void put_session(const struct fw_saved_session *from,
                        struct packed_session *out)
{
    PB(SavedSession) *to = &out->session;

    *to = (PB(SavedSession))PB_INIT(SAVED_SESSION);
    to->worker = (char *)from->worker;
    to->key.data = (uint8_t *)from->key;
    to->key.len = FW_SESSION_BYTES;
    to->wire_dtype = (PB(Dtype))from->dtype;
    SESSION_FIELDS(COPY, to, from)
    to->last_ack = &out->ack;
}

static void put_ack(const struct fw_gradient_ack *from, PB(GradientAck) * to)
{
    *to = (PB(GradientAck))PB_INIT(GRADIENT_ACK);
    to->reason = (char *)from->reason;
    to->detail = (char *)from->detail;
    ACK_FIELDS(COPY, to, from)
}

static void put_controller(const struct fw_saved_controller *from,
                           PB(SavedController) * to)
{
    *to = (PB(SavedController))PB_INIT(SAVED_CONTROLLER);
    to->law = (PB(Law))from->law;
    to->probe = (double *)from->probe;
    to->n_probe = FW_SAVED_PROBES;
    CONTROLLER_FIELDS(COPY, to, from)
}

static void put_report(const struct fw_saved_report *from, PB(SavedReport) * to)
{
    *to = (PB(SavedReport))PB_INIT(SAVED_REPORT);
    REPORT_FIELDS(COPY, to, from)
}

static fw_status pack_sessions(const struct fw_saved_job *m, PB(SavedJob) * p)
{
    struct packed_session **list = NULL;

    if (!fw_pack_list(m->n_sessions, sizeof(struct packed_session), &list))
        return FW_NOMEM;
    for (uint32_t i = 0; i < m->n_sessions; i++) {
        struct packed_session *one = list[i];

        put_session(&m->sessions[i], one);
        put_ack(&m->sessions[i].last_ack, &one->ack);
    }
    p->n_session = m->n_sessions;
    p->session = (PB(SavedSession) **)list; /* the session is first */
    return FW_OK;
}

static fw_status pack_taus(const struct fw_saved_job *m, PB(SavedJob) * p)
{
    if (!fw_pack_list(m->n_taus, sizeof(PB(SavedTau)), &p->tau))
        return FW_NOMEM;
    for (uint32_t i = 0; i < m->n_taus; i++) {
        *p->tau[i] = (PB(SavedTau))PB_INIT(SAVED_TAU);
        p->tau[i]->tau = m->taus[i].tau;
        p->tau[i]->workers = m->taus[i].workers;
        p->tau[i]->worker = m->taus[i].worker;
    }
    p->n_tau = m->n_taus;
    return FW_OK;
}

fw_status fw_encode_saved_job(const struct fw_saved_job *m,
                              struct fw_bytes *out)
{
    PB(SavedJob) p = PB_INIT(SAVED_JOB);
    PB(SavedController) controller;
    PB(SavedReport) report;
    fw_status s;

    p.epoch = m->epoch;
    p.workers_lost = m->workers_lost;
    p.tau_total = m->tau_total;
    put_controller(&m->controller, &controller);
    put_report(&m->report, &report);
    p.controller = &controller;
    p.report = &report;
    s = pack_sessions(m, &p);
    if (s == FW_OK)
        s = pack_taus(m, &p);
    if (s == FW_OK)
        s = fw_pack(&p.base, out);
    free(p.session);
    free(p.tau);
    return s;
}

/* --- and back --- */

static fw_status take_ack(const PB(GradientAck) * from,
                          struct fw_gradient_ack *to, struct fw_err *err)
{
    fw_status s;

    if (!from)
        return FW_OK;
    ACK_FIELDS(COPY, to, from)
    s = fw_text_take("reason", from->reason, to->reason, sizeof(to->reason),
                     err);
    return s == FW_OK ? fw_text_take("detail", from->detail, to->detail,
                                     sizeof(to->detail), err)
                      : s;
}

static fw_status take_session(const PB(SavedSession) * from,
                              struct fw_saved_session *to, struct fw_err *err)
{
    fw_status s =
        fw_text_take_name("worker", from->worker, to->worker, false, err);

    if (s == FW_OK && from->key.len != FW_SESSION_BYTES)
        s = FW_REFUSE(err, MESSAGE_INVALID, "a key of %zu bytes, not %d",
                      from->key.len, FW_SESSION_BYTES);
    if (s == FW_OK)
        s = fw_take_enum("wire_dtype", from->wire_dtype, FW_DTYPE_F32,
                         FW_DTYPE_TOPK, err);
    if (s != FW_OK)
        return s;
    memcpy(to->key, from->key.data, FW_SESSION_BYTES);
    to->dtype = (enum fw_dtype)from->wire_dtype;
    SESSION_FIELDS(COPY, to, from)
    return take_ack(from->last_ack, &to->last_ack, err);
}

static fw_status take_controller(const PB(SavedController) * from,
                                 struct fw_saved_controller *to,
                                 struct fw_err *err)
{
    fw_status s;

    if (!from)
        return FW_REFUSE(err, MESSAGE_INVALID, "there is no controller");
    s = fw_take_enum("law", from->law, FW_LAW_FIXED, FW_LAW_MANUAL, err);
    if (s == FW_OK && from->n_probe != FW_SAVED_PROBES)
        s = FW_REFUSE(err, MESSAGE_INVALID, "%zu probes, not %u", from->n_probe,
                      FW_SAVED_PROBES);
    if (s != FW_OK)
        return s;
    to->law = (enum fw_law)from->law;
    memcpy(to->probe, from->probe, sizeof(to->probe));
    CONTROLLER_FIELDS(COPY, to, from)
    return FW_OK;
}

static fw_status take_report(const PB(SavedReport) * from,
                             struct fw_saved_report *to, struct fw_err *err)
{
    if (!from)
        return FW_REFUSE(err, MESSAGE_INVALID, "there is no report");
    REPORT_FIELDS(COPY, to, from)
    return FW_OK;
}

static fw_status take_lists(const PB(SavedJob) * p, struct fw_saved_job *out,
                            struct fw_err *err)
{
    fw_status s = FW_OK;

    if (p->n_session > SESSIONS_MAX || p->n_tau > FW_SAVED_TAUS_MAX)
        return FW_REFUSE(err, MESSAGE_INVALID, "%zu sessions and %zu taus",
                         p->n_session, p->n_tau);
    out->sessions = fw_mem_array(p->n_session, sizeof(*out->sessions));
    out->taus = fw_mem_array(p->n_tau, sizeof(*out->taus));
    if (!out->sessions || !out->taus)
        return fw_err_set(err, FW_NOMEM, "out of memory");
    for (size_t i = 0; s == FW_OK && i < p->n_session; i++) {
        out->n_sessions++;
        s = take_session(p->session[i], &out->sessions[i], err);
    }
    for (size_t i = 0; i < p->n_tau; i++)
        out->taus[out->n_taus++] = (struct fw_saved_tau){
            p->tau[i]->tau, p->tau[i]->workers, p->tau[i]->worker};
    return s;
}

fw_status fw_decode_saved_job(const uint8_t *data, size_t n,
                              struct fw_saved_job *out, struct fw_err *err)
{
    PB(SavedJob) *p = NULL;
    fw_status s;

    *out = (struct fw_saved_job){0};
    if (n <= FW_SAVED_BYTES_MAX)
        p = (PB(SavedJob) *)protobuf_c_message_unpack(
            &flywheel__v1__saved_job__descriptor, NULL, n, data);
    if (!p)
        return FW_REFUSE(err, MESSAGE_INVALID, "these %zu bytes are no job", n);
    out->epoch = p->epoch;
    out->workers_lost = p->workers_lost;
    out->tau_total = p->tau_total;
    s = take_controller(p->controller, &out->controller, err);
    if (s == FW_OK)
        s = take_report(p->report, &out->report, err);
    if (s == FW_OK)
        s = take_lists(p, out, err);
    protobuf_c_message_free_unpacked(&p->base, NULL);
    if (s != FW_OK)
        fw_saved_job_close(out);
    return s;
}
