#include "server/job/groups.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sdk/base/mem.h"
#include "sdk/wire/reason.h"
#include "server/job/judge.h"

#define FIRST_DEADLINE_MS 5000 /* before a round was seen */
#define DEADLINE_ROUNDS   3.0  /* of rounds, from the first delivery */
#define LEAST_DEADLINE_MS 50
#define SERVICE_WEIGHT    0.1 /* of a new service time: the last 10 */

fw_status fw_groups_init(struct fw_groups *g,
                         const struct fw_controller_spec *spec)
{
    uint32_t n = spec->groups;

    *g = (struct fw_groups){.deadline_ms = spec->straggler_deadline_ms,
                            .automatic = spec->groups_auto};
    if (spec->buffer > 1) {
        g->buffer = spec->buffer;
        n = 1;
    } else if (g->automatic) {
        n = 1; /* until there is more than one worker */
    }
    if (n == 0)
        return FW_OK;
    g->items = fw_mem_array(n, sizeof(*g->items));
    if (!g->items)
        return FW_NOMEM;
    g->n = n;
    return FW_OK;
}

void fw_groups_close_items(struct fw_group *items, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        fw_version_unref(items[i].base);
        fw_gather_close(items[i].sum);
    }
    free(items);
}

void fw_groups_close(struct fw_groups *g)
{
    fw_groups_close_items(g->items, g->n);
    *g = (struct fw_groups){0};
}

bool fw_groups_on(const struct fw_groups *g)
{
    return g->n > 0;
}

uint32_t fw_groups_asynchrony(const struct fw_job *job)
{
    const struct fw_groups *g = &job->groups;
    uint32_t used = 0;

    if (!fw_groups_on(g))
        return job->sessions.connected;
    if (g->buffer)
        return (job->sessions.connected + g->buffer - 1) / g->buffer;
    for (uint32_t i = 0; i < g->n; i++)
        used += g->items[i].members > 0;
    return used;
}

static struct fw_group *group_of(struct fw_job *job, const struct fw_session *w)
{
    return &job->groups.items[w->group];
}

/* One more group, for a worker that is not arranged yet; an empty one is used
 * again. */
static fw_status add_group(struct fw_groups *g, struct fw_session *w)
{
    struct fw_group *grown;

    for (uint32_t i = 0; i < g->n; i++) {
        if (g->items[i].members == 0) {
            w->group = i;
            return FW_OK;
        }
    }
    grown = realloc(g->items, (g->n + 1) * sizeof(*grown));
    if (!grown)
        return FW_NOMEM;
    g->items = grown;
    w->group = g->n;
    g->items[g->n++] = (struct fw_group){0};
    return FW_OK;
}

fw_status fw_groups_join(struct fw_job *job, struct fw_session *w)
{
    struct fw_groups *g = &job->groups;

    if (g->automatic) {
        if (add_group(g, w) != FW_OK)
            return FW_NOMEM;
        g->items[w->group].members++;
        return FW_OK;
    }
    w->group = 0;
    for (uint32_t i = 1; i < g->n; i++) {
        if (g->items[i].members < g->items[w->group].members)
            w->group = i;
    }
    g->items[w->group].members++;
    return FW_OK;
}

/* --- a round --- */

static uint32_t wanted(const struct fw_job *job, const struct fw_group *group)
{
    uint32_t k = job->groups.buffer;

    if (k && k < group->members)
        return k;
    return group->members;
}

static void step_if_complete(struct fw_job *job, struct fw_group *group,
                             int64_t now_ms)
{
    if (group->n > 0 && group->delivered >= wanted(job, group))
        fw_round_step(job, group, true, now_ms);
}

/* --- workers --- */

void fw_groups_leave(struct fw_job *job, struct fw_session *w, int64_t now_ms)
{
    struct fw_group *group = group_of(job, w);

    group->members--;
    if (w->delivered)
        group->delivered--; /* its gradient stays in the mean */
    if (group->members > 0)
        step_if_complete(job, group, now_ms);
    else if (group->n > 0)
        fw_round_step(job, group, false, now_ms);
}

/* The first time is left out, it holds what a worker does once; and so are
 * those with a curvature probe, which is a second gradient. */
static void time_service(struct fw_session *w, const struct fw_gather *g,
                         int64_t now_ms)
{
    double took_ms = (double)(now_ms - w->given_ms);
    double weight;
    double d;

    if (w->given_ms == 0 || took_ms <= 0.0 || isfinite(g->head.curvature))
        return;
    if (!w->warm) {
        w->warm = true;
        return;
    }
    weight = fmax(1.0 / ++w->services, SERVICE_WEIGHT);
    d = took_ms - w->service_ms;
    w->service_ms += weight * d;
    w->service_variance =
        (1.0 - weight) * (w->service_variance + weight * d * d);
}

static void refuse_late(const struct fw_job *job, const struct fw_group *group,
                        struct fw_gradient_ack *ack)
{
    snprintf(ack->reason, sizeof(ack->reason), "%s", FW_REASON(LATE));
    snprintf(ack->detail, sizeof(ack->detail),
             "the group has gone on without this gradient, to version %llu; "
             "take its parameters",
             (unsigned long long)(group->base ? group->base->number
                                              : job->current->number));
}

fw_status fw_groups_deliver(struct fw_job *job, struct fw_session *w,
                            struct fw_gather *take, int64_t now_ms,
                            struct fw_gradient_ack *ack)
{
    struct fw_group *group = group_of(job, w);
    uint64_t base = take->head.base_version;
    uint64_t now = job->current->number;

    time_service(w, take, now_ms);
    fw_controller_curvature(&job->controller, take->head.curvature, now,
                            now_ms);
    if (!job->groups.buffer && !group->base) {
        group->base = fw_version_ref(job->current);
        group->began_ms = now_ms;
    }
    /* What was computed for the group a worker came from is not late. */
    if (!job->groups.buffer && base != group->base->number && !w->moved) {
        fw_gather_close(take);
        refuse_late(job, group, ack);
        return FW_OK;
    }
    group->staleness += (double)(now - base);
    if (group->n == 0)
        group->first_ms = now_ms;
    fw_round_add(group, take);
    w->delivered = true;
    w->pending = *ack;
    group->delivered++;
    step_if_complete(job, group, now_ms);
    if (w->delivered)
        return FW_BUSY;
    *ack = w->pending; /* it completed the round */
    return FW_OK;
}

/* --- time --- */

static int64_t due_ms(const struct fw_job *job, const struct fw_group *group)
{
    int64_t wait = job->groups.deadline_ms;

    if (group->n == 0)
        return INT64_MAX;
    if (job->groups.hurry)
        return group->first_ms;
    if (wait == 0 && group->round_ms > 0.0)
        wait =
            (int64_t)fmax(DEADLINE_ROUNDS * group->round_ms, LEAST_DEADLINE_MS);
    else if (wait == 0)
        wait = FIRST_DEADLINE_MS;
    return group->first_ms + wait;
}

void fw_groups_tick(struct fw_job *job, int64_t now_ms)
{
    for (uint32_t i = 0; i < job->groups.n; i++) {
        if (due_ms(job, &job->groups.items[i]) <= now_ms)
            fw_round_step(job, &job->groups.items[i], false, now_ms);
    }
}

int64_t fw_groups_next_ms(const struct fw_job *job)
{
    int64_t next = INT64_MAX;

    for (uint32_t i = 0; i < job->groups.n; i++) {
        int64_t due = due_ms(job, &job->groups.items[i]);

        next = due < next ? due : next;
    }
    return next;
}

struct fw_version *fw_groups_base(struct fw_job *job, struct fw_session *w,
                                  int64_t now_ms)
{
    struct fw_group *group = group_of(job, w);

    if (!job->current)
        return NULL;
    w->moved = false;
    w->given_ms = now_ms;
    if (job->groups.buffer)
        return fw_version_ref(job->current);
    if (!group->base || (group->n == 0 && group->members == 1)) {
        fw_version_unref(group->base); /* alone: nobody shares an older one */
        group->base = fw_version_ref(job->current);
        group->began_ms = now_ms;
    }
    return fw_version_ref(group->base);
}
