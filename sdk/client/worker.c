/* worker.c - the public functions of flywheel.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/client/connection.h"
#include "sdk/client/feedback.h"
#include "sdk/client/options.h"
#include "sdk/client/probe.h"
#include "sdk/client/report.h"
#include "sdk/client/session.h"
#include "sdk/client/upload.h"

struct fw_worker {
    char name[FW_NAME_MAX + 1];
    uint32_t timeout_ms;
    struct fw_connection connection; /* owned */
    struct fw_session session;       /* owned; on the connection */
    struct fw_probe probe;           /* owned */
    struct fw_feedback feedback;     /* owned; with top-k, else closed */
};

/* The caller's arrays are as long as the caller's tensors, so the server must
 * mean the same length. */
static fw_status check_length(const struct fw_worker *w,
                              const struct fw_join_request *join,
                              struct fw_err *err)
{
    uint64_t there = w->session.joined.n_elements;
    uint64_t here = fw_tensor_list_elements(&join->tensors);

    if (join->tensors.n && here != there)
        return fw_err_set(err, FW_INTERNAL,
                          "the server has %" PRIu64
                          " elements for tensors of %" PRIu64,
                          there, here);
    if (!there || there > FW_ELEMENTS_MAX)
        return fw_err_set(err, FW_INTERNAL,
                          "the server has a job of %" PRIu64 " elements",
                          there);
    return FW_OK;
}

/* The session is open already, so that its heartbeats keep the lease while a
 * large model is uploaded. */
static fw_status upload(struct fw_worker *w, const float *initial,
                        struct fw_err *err)
{
    struct fw_initialize_response unused;
    fw_status s;

    if (w->session.joined.initialized || !initial)
        return FW_OK;
    s = fw_upload(&w->connection, w->session.key.job, initial,
                  w->session.joined.n_elements, w->timeout_ms, &unused, err);
    return s == FW_OK ? s : fw_err_wrap(err, s, "initial parameters");
}

static fw_status open_feedback(struct fw_worker *w, double share,
                               struct fw_err *err)
{
    fw_status s;

    if (w->session.joined.wire_dtype != FW_DTYPE_TOPK)
        return FW_OK;
    s = fw_feedback_open(&w->feedback, w->session.joined.n_elements, share,
                         err);
    w->session.cut = &w->feedback.cut;
    return s;
}

static fw_status open_worker(struct fw_worker *w,
                             const struct fw_worker_options *o,
                             const struct fw_join_request *join,
                             struct fw_err *err)
{
    struct fw_session_setup setup = {
        .join = join,
        .timeout_ms = o->timeout_ms,
        .reconnect_ms = o->reconnect_ms,
        .no_lane = o->grpc_only,
        .no_local = o->no_local,
        .log = o->log,
        .log_user = o->log_user,
    };
    const struct fw_credential_files files = {o->ca, o->cert, o->key,
                                              o->token_file};
    fw_status s;

    w->timeout_ms = o->timeout_ms;
    memcpy(w->name, join->worker, sizeof(w->name));
    s = fw_connection_open(&w->connection, o->address, &files, o->timeout_ms,
                           err);
    if (s == FW_OK)
        s = fw_session_open(&w->session, &w->connection, &setup, err);
    if (s == FW_OK)
        s = check_length(w, join, err);
    if (s == FW_OK)
        s = open_feedback(w, o->wire_share, err);
    if (s == FW_OK)
        s = upload(w, o->initial, err);
    if (s == FW_OK)
        w->probe.n = w->session.joined.n_elements;
    return s;
}

FW_API fw_status fw_worker_open(const struct fw_worker_options *o,
                                struct fw_worker **out, struct fw_err *err)
{
    struct fw_join_request join = {0};
    struct fw_worker_options full;
    struct fw_worker *w = NULL;
    fw_status s;

    *out = NULL;
    s = fw_options_take(o, &full, err);
    if (s != FW_OK)
        goto done;
    w = fw_mem_array(1, sizeof(*w));
    if (!w) {
        s = fw_err_set(err, FW_NOMEM, "no memory for a worker");
        goto done;
    }
    /* Handles that live at one time have different addresses. */
    s = fw_options_join(&full, (uintptr_t)w, &join, err);
    if (s != FW_OK)
        goto done;
    s = open_worker(w, &full, &join, err);
    if (s != FW_OK)
        goto done;
    *out = w; /* give */
    w = NULL;
done:
    fw_worker_close(w);
    fw_join_request_close(&join);
    return s;
}

FW_API fw_status fw_worker_pull(struct fw_worker *w, float *parameters,
                                uint64_t *version, struct fw_err *err)
{
    return fw_session_pull(&w->session, parameters, version, err);
}

/* With top-k: the gradient and what earlier ones left. */
static fw_status push(struct fw_worker *w, const struct fw_gradient *g,
                      float *parameters, struct fw_ack *ack, struct fw_err *err)
{
    struct fw_gradient sum = *g;
    fw_status s;

    if (!w->feedback.rest)
        return fw_session_push(&w->session, g, parameters, ack, err);
    s = fw_feedback_add(&w->feedback, g->values, err);
    if (s != FW_OK)
        return s;
    sum.values = w->feedback.rest;
    s = fw_session_push(&w->session, &sum, parameters, ack, err);
    fw_feedback_settle(&w->feedback, g->values, s == FW_OK);
    return s;
}

FW_API fw_status fw_worker_push(struct fw_worker *w,
                                const struct fw_gradient *g, struct fw_ack *ack,
                                struct fw_err *err)
{
    return push(w, g, NULL, ack, err);
}

/* Do two arrays of n floats share memory? */
static bool overlap(const float *a, const float *b, uint64_t n)
{
    uintptr_t from = (uintptr_t)a;
    uintptr_t to = (uintptr_t)b;

    return (from > to ? from - to : to - from) < n * sizeof(float);
}

FW_API fw_status fw_worker_round(struct fw_worker *w,
                                 const struct fw_gradient *g, float *parameters,
                                 struct fw_ack *ack, struct fw_err *err)
{
    if (parameters && overlap(g->values, parameters, fw_worker_n_elements(w)))
        return fw_err_set(err, FW_INVALID,
                          "the gradient and the parameters share memory: a "
                          "round needs two arrays");
    return push(w, g, parameters, ack, err);
}

FW_API fw_status fw_worker_report(struct fw_worker *w,
                                  const struct fw_evaluation *e,
                                  struct fw_err *err)
{
    struct fw_err why = {0};
    fw_status s;

    /* While there is no server the session is broken too: wait with it. */
    do {
        s = fw_report_send(&w->connection, w->session.key.job, e, w->timeout_ms,
                           &why);
    } while (s == FW_UNAVAILABLE && fw_session_await(&w->session));
    if (s != FW_OK && err)
        *err = why;
    return s;
}

FW_API uint64_t fw_worker_n_elements(const struct fw_worker *w)
{
    return w->session.joined.n_elements;
}

FW_API const char *fw_worker_name(const struct fw_worker *w)
{
    return w->name;
}

FW_API bool fw_worker_wants_probe(const struct fw_worker *w)
{
    return w->session.probe;
}

FW_API fw_status fw_worker_probe(struct fw_worker *w, const float *parameters,
                                 struct fw_gradient *g, fw_gradient_fn *fn,
                                 void *user, struct fw_err *err)
{
    g->curvature = 0.0;
    if (!w->session.probe)
        return FW_OK;
    if (fw_probe_shift(&w->probe, parameters, g->values) != FW_OK)
        return fw_err_set(err, FW_NOMEM, "no memory for a probe");
    if (!fn(user, w->probe.parameters, w->probe.gradient))
        return fw_err_set(err, FW_INVALID,
                          "the gradient function failed in a probe");
    g->curvature = fw_probe_measure(&w->probe, g->values);
    return FW_OK;
}

FW_API void fw_worker_close(struct fw_worker *w)
{
    if (!w)
        return;
    fw_session_close(&w->session);
    fw_probe_close(&w->probe);
    fw_feedback_close(&w->feedback);
    fw_connection_close(&w->connection);
    free(w);
}
