#include "server/job/round.h"

#include <math.h>
#include <stdio.h>

#include "sdk/wire/reason.h"
#include "server/job/job.h"
#include "server/job/judge.h"

#define ROUND_WEIGHT 0.2 /* of a new round: about the last 5 count */

static void add_floats(float *to, const float *from, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        to[i] += from[i];
}

static uint32_t block_elements(const struct fw_gather *g, uint32_t i)
{
    uint64_t left = g->n_elements - (uint64_t)i * FW_BLOCK_ELEMENTS;

    return left < FW_BLOCK_ELEMENTS ? (uint32_t)left : FW_BLOCK_ELEMENTS;
}

void fw_round_add(struct fw_group *group, struct fw_gather *take)
{
    const struct fw_gradient_head *h = &take->head;

    group->n++;
    group->samples += h->samples;
    if (isfinite(h->loss)) {
        group->loss += h->loss;
        group->losses++;
    }
    if (!group->sum) {
        group->sum = take;
        return;
    }
    for (uint32_t i = 0; i < take->n_blocks; i++)
        add_floats(group->sum->blocks[i]->data, take->blocks[i]->data,
                   block_elements(take, i));
    fw_gather_close(take);
}

/* The sum becomes the mean, with its norm. */
static void divide(struct fw_gather *g, uint32_t n)
{
    float factor = 1.0f / (float)n;
    double squares = 0.0;

    for (uint32_t b = 0; b < g->n_blocks; b++) {
        float *x = g->blocks[b]->data;

        for (uint32_t i = 0; i < block_elements(g, b); i++) {
            x[i] *= factor;
            squares += (double)x[i] * x[i];
        }
    }
    g->check.square_norm = squares;
}

/* Answer all that delivered to this round. */
static void answer_all(struct fw_job *job, const struct fw_group *group,
                       const struct fw_gradient_ack *ack)
{
    uint32_t number = (uint32_t)(group - job->groups.items);
    struct fw_list *l;

    FW_LIST_EACH(l, &job->sessions.alive) {
        struct fw_session *w = FW_LIST_ITEM(l, struct fw_session, turn);

        if (w->group == number && w->delivered)
            fw_job_answer_held(job, w, ack);
    }
}

static void start_round(struct fw_job *job, struct fw_group *group,
                        int64_t now_ms)
{
    group->sum = NULL;
    group->n = 0;
    group->delivered = 0;
    group->samples = 0;
    group->loss = 0.0;
    group->losses = 0;
    group->staleness = 0.0;
    group->began_ms = now_ms;
    fw_version_unref(group->base);
    group->base = job->groups.buffer ? NULL : fw_version_ref(job->current);
}

void fw_round_step(struct fw_job *job, struct fw_group *group, bool complete,
                   int64_t now_ms)
{
    struct fw_gather *sum = group->sum;
    struct fw_gradient_ack ack = {0};
    double took_ms = (double)(now_ms - group->began_ms);

    if (complete && group->round_ms > 0.0)
        group->round_ms += ROUND_WEIGHT * (took_ms - group->round_ms);
    else if (complete)
        group->round_ms = took_ms;
    divide(sum, group->n);
    sum->head.loss = group->losses ? group->loss / group->losses : NAN;
    sum->head.samples = group->samples;
    sum->head.curvature = NAN; /* was told when it was delivered */
    if (job->groups.buffer)
        sum->head.base_version = job->current->number -
                                 (uint64_t)llround(group->staleness / group->n);
    if (fw_job_apply(job, sum, group->n, now_ms, &ack) != FW_OK) {
        snprintf(ack.reason, sizeof(ack.reason), "%s",
                 FW_REASON(OUT_OF_MEMORY));
        snprintf(ack.detail, sizeof(ack.detail), "no memory for a step");
        fw_gather_close(sum);
    }
    start_round(job, group, now_ms); /* who is answered asks for the new base */
    answer_all(job, group, &ack);
}
