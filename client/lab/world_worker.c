/* The workers of a simulation: joining, computing, pushing, leaving. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lab/world.h"
#include "sdk/base/mem.h"

#define SERVICE_SEED 0x5851f42d4c957f2dull /* of service times */

static fw_status join(struct fw_world *w, uint32_t who)
{
    struct fw_world_worker *k = &w->workers[who];
    struct fw_join_request r = {.wire_dtype = w->dtype,
                                .protocol_min = FW_PROTOCOL,
                                .protocol_max = FW_PROTOCOL};
    struct fw_join_response out;
    fw_status s;

    snprintf(r.worker, sizeof(r.worker), "worker-%u", who);
    memset(k->session, 0, sizeof(k->session));
    memcpy(k->session, &who, sizeof(who));
    memcpy(k->session + sizeof(who), &w->job.sessions.epoch, sizeof(uint64_t));
    s = fw_job_join(&w->job, &r, k->session, fw_world_ms(w), &out, w->err);
    if (s != FW_OK)
        return s;
    k->epoch = out.epoch;
    k->sequence = 0;
    k->probes = out.probe;
    k->connected = true;
    w->connected++;
    return FW_OK;
}

fw_status fw_world_answered(struct fw_world *w, uint32_t who,
                            const struct fw_gradient_ack *ack)
{
    struct fw_world_worker *k = &w->workers[who];

    k->probes = ack->probe;
    w->refusals = strcmp(ack->reason, "NON_FINITE") == 0 ? w->refusals + 1 : 0;
    return fw_world_begin(w, who);
}

/* Its group has stepped. */
static void on_answer(struct fw_held *h, struct fw_job *job,
                      const struct fw_gradient_ack *ack)
{
    struct fw_world_worker *k = (struct fw_world_worker *)h;
    struct fw_world *w = k->world;

    (void)job;
    if (k->connected && w->status == FW_OK)
        w->status = fw_world_answered(w, (uint32_t)(k - w->workers), ack);
}

static void on_drop(struct fw_held *h)
{
    (void)h;
}

static fw_status make(struct fw_world *w, uint32_t who)
{
    struct fw_world_worker *k = &w->workers[who];
    const struct fw_sim_plan *p = w->plan;
    uint64_t n = w->job.n_elements;

    *k = (struct fw_world_worker){
        .held = {on_answer, on_drop}, .world = w, .slowness = 1.0};
    if (who == 0 && p->straggler > 0.0 && p->workers > 1)
        k->slowness = p->straggler;
    fw_random_init(&k->random, p->seed * SERVICE_SEED + who);
    if (w->rival.kind == FW_RIVAL_DANA) {
        k->ahead = fw_mem_array(n, sizeof(float));
        if (!k->ahead)
            return FW_NOMEM;
    }
    k->probe.n = n;
    return FW_OK;
}

/* Workers do not move once they are made: the job knows where they are. */
static fw_status more(struct fw_world *w, uint32_t n)
{
    double most = w->plan->workers;

    for (size_t i = 0; i < w->plan->n_changes; i++) {
        if (w->plan->changes[i].kind == FW_CHANGE_WORKERS)
            most = fmax(most, w->plan->changes[i].value);
    }
    if (!w->workers)
        w->workers = fw_mem_array((size_t)most, sizeof(*w->workers));
    if (!w->workers)
        return FW_NOMEM;
    while (w->n_workers < n) {
        fw_status s = make(w, w->n_workers);

        if (s != FW_OK)
            return s;
        w->n_workers++;
    }
    return FW_OK;
}

static void leave(struct fw_world *w, uint32_t who)
{
    struct fw_world_worker *k = &w->workers[who];

    fw_job_leave(&w->job, k->session, fw_world_ms(w));
    k->connected = false;
    w->connected--;
}

fw_status fw_world_staff(struct fw_world *w, uint32_t n)
{
    uint32_t first = w->connected;
    fw_status s = n > w->n_workers ? more(w, n) : FW_OK;

    for (uint32_t i = first; i < n && s == FW_OK; i++)
        s = join(w, i);
    while (w->connected > n)
        leave(w, w->connected - 1);
    fw_world_think(w); /* once for all that came or went */
    for (uint32_t i = first; i < n && s == FW_OK; i++) {
        if (!w->workers[i].busy)
            s = fw_world_begin(w, i);
    }
    return s;
}

static void forget(struct fw_world_worker *k)
{
    fw_version_unref(k->base);
    k->base = NULL;
}

void fw_world_dismiss(struct fw_world *w)
{
    for (uint32_t i = 0; i < w->n_workers; i++) {
        forget(&w->workers[i]);
        fw_probe_close(&w->workers[i].probe);
        fw_feedback_close(&w->workers[i].feedback);
        free(w->workers[i].ahead);
    }
    free(w->workers);
    w->workers = NULL;
    w->n_workers = 0;
}

/* The version of a replayed trace that lies as far back as its next tau. */
static struct fw_version *replayed(struct fw_world *w)
{
    const struct fw_service *s = w->plan->service;
    uint64_t now = w->job.current->number;
    uint64_t tau = s->taus[now % s->n_taus];

    if (tau > now)
        tau = now;
    return fw_version_ref(tau ? w->past[(now - tau) % w->n_past]
                              : w->job.current);
}

fw_status fw_world_begin(struct fw_world *w, uint32_t who)
{
    struct fw_world_worker *k = &w->workers[who];
    double time;
    fw_status s;

    if (k->silent || !k->connected)
        return FW_OK;
    time = k->slowness * fw_service_draw(w->plan->service, &k->random);
    if (k->probes) /* costs one more gradient */
        time += k->slowness * fw_service_draw(w->plan->service, &k->random);
    forget(k);
    if (!w->n_past) { /* else it is chosen when the gradient is due */
        k->base = fw_job_base(&w->job, k->epoch, fw_world_ms(w));
        if (k->ahead)
            (void)fw_rival_read(&w->rival, fw_world_flat(k->base, w->read),
                                k->ahead);
    }
    s = fw_agenda_put(&w->agenda, w->now + time, who, FW_WORLD_PUSH);
    k->busy = s == FW_OK;
    return s;
}

/* Curvature of the batch taken last, if it was asked for; else NAN. */
static fw_status probe(struct fw_world *w, struct fw_world_worker *k,
                       const float *at, double *h)
{
    double loss;
    fw_status s = FW_OK;

    *h = NAN;
    if (!k->probes)
        return FW_OK;
    s = fw_probe_shift(&k->probe, at, w->g);
    if (s == FW_OK)
        s = fw_problem_gradient(w->plan->problem, k->probe.parameters,
                                k->probe.gradient, &loss, w->err);
    if (s == FW_OK)
        *h = fw_probe_measure(&k->probe, w->g);
    w->record->probes++;
    return s;
}

static fw_status compute(struct fw_world *w, uint32_t who)
{
    struct fw_world_worker *k = &w->workers[who];
    const float *at;
    double curvature;
    double loss;
    fw_status s;

    if (w->n_past)
        k->base = replayed(w);
    at = k->ahead ? k->ahead : fw_world_flat(k->base, w->read);
    at = fw_world_arrived(w, at);
    fw_problem_next(w->plan->problem);
    s = fw_problem_gradient(w->plan->problem, at, w->g, &loss, w->err);
    if (s == FW_OK)
        s = probe(w, k, at, &curvature);
    if (s != FW_OK)
        return s;
    w->record->gradients++;
    if (w->rival.kind) {
        struct fw_rival_push p = {
            .worker = who,
            .staleness = w->job.current->number - k->base->number,
            .w = fw_world_flat(w->job.current, w->w),
            .w_read = at,
        };

        fw_rival_push(&w->rival, &p, w->g);
    }
    return fw_world_push(w, who, loss, curvature);
}

fw_status fw_world_finish(struct fw_world *w, uint32_t who)
{
    struct fw_world_worker *k = &w->workers[who];
    fw_status s;

    k->busy = false;
    if (!k->connected || k->silent)
        return FW_OK; /* it went meanwhile; so does its gradient */
    s = compute(w, who);
    if (s == FW_OK && w->n_past) {
        uint64_t number = w->job.current->number;

        fw_version_unref(w->past[number % w->n_past]);
        w->past[number % w->n_past] = fw_version_ref(w->job.current);
    }
    return s;
}

static fw_status speak(struct fw_world *w)
{
    fw_status s = FW_OK;

    for (uint32_t i = 0; i < w->connected && s == FW_OK; i++) {
        w->workers[i].silent = false;
        if (!w->workers[i].busy)
            s = fw_world_begin(w, i);
    }
    return s;
}

fw_status fw_world_change(struct fw_world *w, const struct fw_change *c)
{
    uint32_t silent;

    switch (c->kind) {
    case FW_CHANGE_WORKERS:
        return fw_world_staff(w, (uint32_t)c->value);
    case FW_CHANGE_STRAGGLER:
        w->workers[0].slowness = c->value;
        break;
    case FW_CHANGE_SILENT:
        silent = (uint32_t)(c->value * w->connected);
        for (uint32_t i = 0; i < silent; i++)
            w->workers[w->connected - 1 - i].silent = true;
        break;
    case FW_CHANGE_SPEAK:
        return speak(w);
    }
    return FW_OK;
}
