#include "client/worker/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/clock.h"
#include "sdk/base/mem.h"

#define BUSY_WAIT_MS 100 /* before asking a busy server again */

/* What the loop works on. */
struct trainer {
    const struct fw_trainer_options *o;
    struct fw_task *task;
    struct fw_stop *stop;
    struct fw_trainer_progress *p;
    struct fw_worker *worker; /* owned */
    float *parameters;        /* owned */
    float *gradient;          /* owned */
    double staleness_sum;
    uint64_t probed_at; /* p->computed when the last probe was made */
    int64_t begun_us;
    int64_t told_us; /* when progress was told last */
};

static fw_status join(struct trainer *t, struct fw_err *err)
{
    uint64_t n = fw_task_n_elements(t->task);
    struct fw_worker_options w;
    fw_status s;

    t->parameters = fw_mem_aligned(n, sizeof(float));
    t->gradient = fw_mem_aligned(n, sizeof(float));
    if (!t->parameters || !t->gradient)
        return fw_err_set(err, FW_NOMEM, "out of memory");
    fw_task_draw(t->task, t->o->seed, t->parameters);
    fw_worker_options_init(&w, sizeof(w));
    w.address = t->o->address;
    w.job = t->o->job;
    w.name = t->o->name;
    w.tensors = fw_task_tensors(t->task, &w.n_tensors);
    w.initial = t->parameters;
    w.wire_dtype = t->o->wire_dtype;
    w.wire_share = t->o->wire_share;
    w.timeout_ms = t->o->timeout_ms;
    w.log = t->o->log;
    w.log_user = t->o->user;
    s = fw_worker_open(&w, &t->worker, err);
    if (s != FW_OK)
        return s;
    return fw_worker_pull(t->worker, t->parameters, &t->p->version, err);
}

/* The gradient of the batch taken last, elsewhere. */
static bool evaluate(void *user, const float *parameters, float *gradient)
{
    struct trainer *t = user;
    double loss;

    t->p->probes++;
    return fw_task_gradient(t->task, parameters, gradient, &loss, NULL) ==
           FW_OK;
}

/* The curvature of the batch taken last, if the server wants to know it. */
static fw_status probe(struct trainer *t, struct fw_gradient *g,
                       struct fw_err *err)
{
    bool rested =
        t->p->probes == 0 || t->p->computed - t->probed_at >= t->o->probe_every;
    fw_status s;

    if (!t->o->probe_every || !rested || !fw_worker_wants_probe(t->worker))
        return FW_OK;
    t->probed_at = t->p->computed;
    s = fw_worker_probe(t->worker, t->parameters, g, evaluate, t, err);
    if (g->curvature > 0)
        t->p->curvature = g->curvature;
    return s;
}

/* Gradient, loss and perhaps curvature of the next batch at the parameters. */
static fw_status compute(struct trainer *t, struct fw_gradient *g,
                         struct fw_err *err)
{
    fw_status s;

    g->samples = fw_task_next(t->task);
    g->values = t->gradient;
    g->base_version = t->p->version;
    s = fw_task_gradient(t->task, t->parameters, t->gradient, &g->loss, err);
    t->p->computed++;
    return s == FW_OK ? probe(t, g, err) : s;
}

/* Be as slow as --slowdown says. */
static void slow_down(struct trainer *t, int64_t since_us)
{
    double us = (double)(fw_clock_mono_us() - since_us);

    if (t->o->slowdown > 1)
        fw_stop_wait_us(t->stop, (int64_t)(us * (t->o->slowdown - 1)));
}

static void count(struct trainer *t, const struct fw_gradient *g,
                  const struct fw_ack *ack)
{
    struct fw_trainer_progress *p = t->p;

    p->rounds++;
    p->samples += g->samples;
    p->version = ack->version;
    p->loss = g->loss;
    p->momentum = ack->momentum;
    t->staleness_sum += (double)ack->staleness;
    p->staleness = t->staleness_sum / (double)p->rounds;
}

/* A gradient that came too late, or to a busy server, is dropped: take the
 * newest parameters and go on.  Other refusals end the worker. */
static fw_status recover(struct trainer *t, fw_status why, struct fw_err *err)
{
    bool late = why == FW_STALE && (strcmp(err->reason, "TOO_STALE") == 0 ||
                                    strcmp(err->reason, "LATE") == 0);

    if (!late && why != FW_BUSY)
        return why;
    t->p->refused++;
    if (why == FW_BUSY)
        fw_stop_wait(t->stop, BUSY_WAIT_MS);
    return fw_worker_pull(t->worker, t->parameters, &t->p->version, err);
}

static bool reached(const struct trainer *t)
{
    const struct fw_trainer_options *o = t->o;
    const struct fw_trainer_progress *p = t->p;

    return (o->rounds && p->rounds >= o->rounds) ||
           (o->samples && p->samples >= o->samples) ||
           (o->until_version && p->version >= o->until_version);
}

static void tell(struct trainer *t)
{
    int64_t now = fw_clock_mono_us();

    t->p->seconds = (double)(now - t->begun_us) / 1e6;
    if (!t->o->progress || now - t->told_us < (int64_t)t->o->progress_ms * 1000)
        return;
    t->told_us = now;
    t->p->name = fw_worker_name(t->worker);
    t->o->progress(t->o->user, t->p);
    t->p->name = NULL;
}

static fw_status go_round(struct trainer *t, struct fw_err *err)
{
    struct fw_gradient g = {0};
    struct fw_ack ack = {0};
    int64_t since_us = fw_clock_mono_us();
    fw_status s = compute(t, &g, err);

    if (s != FW_OK)
        return s;
    slow_down(t, since_us);
    s = fw_worker_round(t->worker, &g, t->parameters, &ack, err);
    if (s != FW_OK)
        return recover(t, s, err);
    count(t, &g, &ack);
    tell(t);
    return FW_OK;
}

fw_status fw_trainer_run(const struct fw_trainer_options *o,
                         struct fw_task *task, struct fw_stop *stop,
                         struct fw_trainer_progress *out, struct fw_err *err)
{
    struct trainer t = {.o = o, .task = task, .stop = stop, .p = out};
    fw_status s;

    *out = (struct fw_trainer_progress){
        .loss = NAN, .staleness = NAN, .momentum = NAN, .curvature = NAN};
    if (o->start_delay_ms && fw_stop_wait(stop, (int64_t)o->start_delay_ms))
        return FW_OK;
    t.begun_us = fw_clock_mono_us();
    t.told_us = t.begun_us;
    s = join(&t, err);
    while (s == FW_OK && !reached(&t) && !fw_stop_asked(stop))
        s = go_round(&t, err);
    out->seconds = (double)(fw_clock_mono_us() - t.begun_us) / 1e6;
    fw_worker_close(t.worker);
    free(t.gradient);
    free(t.parameters);
    return s;
}
