/* The job of a simulation: server/job under a virtual clock. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lab/world.h"
#include "sdk/base/mem.h"

#define TICK_MS  250        /* as the server ticks its jobs */
#define NO_LEASE UINT32_MAX /* nobody is lost by silence */

static void describe(const struct fw_sim_plan *p, struct fw_tensor_spec *tensor,
                     struct fw_job_spec *spec)
{
    const struct fw_arm *arm = p->arm;
    bool own = fw_rival_has_momentum(arm->rival);

    *tensor = (struct fw_tensor_spec){
        .name = "w", .rank = 1, .shape = {p->problem->n_elements}};
    *spec = (struct fw_job_spec){
        .name = "lab",
        .tensors = {.items = tensor, .n = 1},
        .controller =
            {
                .law = arm->law == FW_LAW_MANUAL ? FW_LAW_FIXED : arm->law,
                .reference_momentum = own ? 0.0 : p->reference_momentum,
                .reference_learning_rate = p->reference_rate,
                .allow_negative_momentum = arm->allow_negative,
                .step_policy = arm->policy,
                .groups = arm->groups,
                .groups_auto = arm->groups_auto,
                .buffer = arm->buffer,
                .probe_interval =
                    p->probe_interval ? p->probe_interval : UINT32_MAX,
            },
    };
    fw_job_spec_default(spec);
    spec->limits.lease_ms = NO_LEASE;
    spec->limits.outlier_norm = -1.0; /* divergence is to be seen as it is */
}

/* A gather that holds all that has arrived. */
static fw_status gather(struct fw_world *w, enum fw_dtype dtype,
                        const struct fw_span *from, struct fw_gather **out)
{
    struct fw_run run = {.spans = from, .n_spans = 1, .n = from->n};
    fw_status s =
        fw_gather_create(w->job.pool, w->job.n_elements, dtype, NULL, out);

    if (s == FW_OK)
        s = fw_gather_add(*out, 0, &run, w->err);
    return s;
}

static fw_status initial(struct fw_world *w, struct fw_gather **out)
{
    struct fw_span all = {(const uint8_t *)w->w,
                          w->job.n_elements * sizeof(*w->w)};

    fw_problem_draw(w->plan->problem, w->plan->seed, w->w);
    return gather(w, FW_DTYPE_F32, &all, out);
}

static fw_status pin(struct fw_world *w)
{
    const struct fw_arm *arm = w->plan->arm;

    if (arm->law != FW_LAW_MANUAL)
        return FW_OK;
    return fw_controller_set(&w->job.controller, FW_LAW_MANUAL, arm->momentum,
                             arm->rate, "lab", "", 0, 0, w->err);
}

fw_status fw_world_job_open(struct fw_world *w)
{
    const struct fw_sim_plan *p = w->plan;
    struct fw_initialize_response out;
    struct fw_tensor_spec tensor;
    struct fw_job_spec spec;
    struct fw_gather *first;
    fw_status s;

    describe(p, &tensor, &spec);
    s = fw_job_init(&w->job, &spec, 1, 0, w->err);
    if (s == FW_OK)
        s = pin(w);
    if (s == FW_OK)
        s = fw_world_wire_open(w);
    if (s == FW_OK)
        s = initial(w, &first);
    if (s == FW_OK)
        s = fw_job_initialize(&w->job, first, &out, w->err);
    return s;
}

void fw_world_job_close(struct fw_world *w)
{
    fw_world_wire_close(w);
    fw_job_close(&w->job);
}

int64_t fw_world_ms(const struct fw_world *w)
{
    return (int64_t)(w->now * w->plan->unit_ms);
}

void fw_world_think(struct fw_world *w)
{
    if (!fw_job_take_thought(&w->job, fw_world_ms(w), &w->thought))
        return;
    fw_thought_run(&w->thought);
    w->record->twins += w->thought.has_twin;
    fw_job_give_thought(&w->job, &w->thought, fw_world_ms(w));
}

void fw_world_tick(struct fw_world *w)
{
    double ms = w->now * w->plan->unit_ms;

    if (ms - w->ticked < TICK_MS)
        return;
    w->ticked = ms;
    fw_job_tick(&w->job, fw_world_ms(w));
    fw_world_think(w);
}

const float *fw_world_flat(const struct fw_version *v, float *flat)
{
    if (v->n_blocks == 1)
        return v->blocks[0]->data;
    for (uint32_t i = 0; i < v->n_blocks; i++)
        memcpy(flat + (uint64_t)i * FW_BLOCK_ELEMENTS, v->blocks[i]->data,
               fw_version_block_elements(v, i) * sizeof(float));
    return flat;
}

fw_status fw_world_push(struct fw_world *w, uint32_t who, double loss,
                        double curvature)
{
    struct fw_world_worker *k = &w->workers[who];
    uint64_t version = w->job.current->number;
    struct fw_gradient_ack ack;
    struct fw_span sent;
    struct fw_gather *g;
    fw_status s = fw_world_encode(w, k, &sent);

    if (s == FW_OK)
        s = gather(w, w->dtype, &sent, &g);
    if (s != FW_OK)
        return s;
    g->head = (struct fw_gradient_head){
        .sequence = ++k->sequence,
        .base_version = k->base->number,
        .samples = w->plan->problem->batch,
        .loss = loss,
        .curvature = curvature,
    };
    s = fw_job_push(&w->job, k->epoch, g, fw_world_ms(w), &ack, w->err);
    fw_world_judged(w, k, s == FW_BUSY || (s == FW_OK && !ack.reason[0]));
    if (s == FW_OK || s == FW_BUSY)
        fw_world_think(w);
    if (s == FW_BUSY) {
        fw_job_hold(&w->job, k->epoch, &k->held);
        return FW_OK;
    }
    if (s != FW_OK)
        return s;
    if (w->job.current->number != version)
        fw_rival_stepped(&w->rival, w->job.optimizer.update_norm);
    return fw_world_answered(w, who, &ack);
}
