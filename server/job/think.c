#include "server/job/think.h"

#include <math.h>
#include <stdio.h>

#include "sdk/base/words.h"
#include "server/job/job.h"
#include "server/job/judge.h"

#define CHOOSE_MS      10000 /* between choices, if nobody comes or goes; a */
#define CHOOSE_GROWTH  2u    /* new job: when its version has grown so often */
#define SERVICES_LEAST 3u    /* times measured of a worker, to count */

/* Harmonic mean of the service times that are known, which a straggler hardly
 * moves; 0 while most are not. */
static double typical_ms(const struct fw_job *job)
{
    uint32_t known = 0;
    double rates = 0.0;
    const struct fw_list *l;

    FW_LIST_EACH(l, &job->sessions.alive) {
        const struct fw_session *w =
            FW_LIST_ITEM(l, const struct fw_session, turn);

        if (w->services < SERVICES_LEAST)
            continue;
        known++;
        rates += 1.0 / w->service_ms;
    }
    return 2 * known > job->sessions.connected ? known / rates : 0.0;
}

/* Whether enough is known of a worker: its service time, or that it keeps us
 * waiting as only a slow one does. */
static bool known(struct fw_session *w, double limit_ms, int64_t now_ms)
{
    double waiting_ms = (double)(now_ms - w->given_ms);

    if (w->services >= SERVICES_LEAST)
        return true;
    if (w->given_ms == 0 || waiting_ms <= limit_ms)
        return w->service_ms > limit_ms;
    w->service_ms = fmax(w->service_ms, waiting_ms);
    return true;
}

/* Service times of those workers that are not much slower than is typical;
 * false while too little is known. */
static bool measure(struct fw_job *job, int64_t now_ms,
                    struct fw_choice_input *in)
{
    double limit_ms = FW_GROUPS_SLOW * typical_ms(job);
    double mean = 0.0;
    double within = 0.0;
    double between = 0.0;
    struct fw_list *l;

    if (limit_ms <= 0.0)
        return false;
    FW_LIST_EACH(l, &job->sessions.alive) {
        struct fw_session *w = FW_LIST_ITEM(l, struct fw_session, turn);

        if (!known(w, limit_ms, now_ms))
            return false;
        if (w->service_ms > limit_ms) {
            in->slow++;
            in->slow_ratio += w->service_ms;
            continue;
        }
        in->workers++;
        mean += w->service_ms;
        within += w->service_variance;
        between += w->service_ms * w->service_ms;
    }
    if (in->workers == 0)
        return false;
    mean /= in->workers;
    within /= in->workers;
    between = fmax(between / in->workers - mean * mean, 0.0);
    in->slow_ratio /= fmax(in->slow, 1.0) * mean;
    in->service_ratio = sqrt(within + between) / mean;
    return true;
}

static bool choice_due(const struct fw_job *job, int64_t now_ms)
{
    const struct fw_groups *g = &job->groups;

    if (!g->automatic || job->sessions.connected < 2 ||
        !isfinite(job->controller.curvature.usual))
        return false;
    return g->chosen_workers != job->sessions.connected ||
           now_ms - g->chosen_ms >= CHOOSE_MS ||
           fw_job_version(job) >= CHOOSE_GROWTH * g->chosen_version;
}

static bool take_choice(struct fw_job *job, int64_t now_ms,
                        struct fw_choice_input *in)
{
    const struct fw_controller_config *c = &job->controller.config;

    *in = (struct fw_choice_input){
        .now = fw_groups_asynchrony(job),
        .curvature = job->controller.curvature.usual,
        .reference_momentum = c->reference_momentum,
        .reference_rate = c->reference_rate,
    };
    if (!choice_due(job, now_ms) || !measure(job, now_ms, in))
        return false;
    if (in->now > in->slow)
        in->now -= in->slow;
    job->groups.chosen_ms = now_ms;
    job->groups.chosen_version = fw_job_version(job);
    job->groups.chosen_workers = job->sessions.connected;
    return true;
}

bool fw_job_take_thought(struct fw_job *job, int64_t now_ms,
                         struct fw_thought *t)
{
    t->has_twin = fw_controller_take_twin(&job->controller, now_ms, &t->twin);
    t->has_choice = take_choice(job, now_ms, &t->cluster);
    return t->has_twin || t->has_choice;
}

void fw_thought_run(struct fw_thought *t)
{
    if (t->has_twin)
        fw_twin_run(&t->twin, &t->limits);
    if (t->has_choice)
        fw_choice_make(&t->cluster, &t->choice);
}

static void regroup(struct fw_job *job, const struct fw_thought *t,
                    int64_t now_ms)
{
    char what[64];

    if (!t->choice.ok || t->choice.groups == t->cluster.now ||
        job->groups.chosen_workers != job->sessions.connected)
        return;
    if (fw_groups_arrange(job, t->choice.groups, now_ms) != FW_OK)
        return;
    snprintf(what, sizeof(what),
             "%u worker%s in %u group%s, %.2f times the progress",
             job->sessions.connected, fw_plural(job->sessions.connected),
             fw_groups_asynchrony(job), fw_plural(fw_groups_asynchrony(job)),
             t->choice.gain);
    fw_controller_members(&job->controller, fw_groups_asynchrony(job),
                          FW_MEMBER_REGROUPED, what, fw_job_version(job),
                          now_ms);
}

void fw_job_give_thought(struct fw_job *job, const struct fw_thought *t,
                         int64_t now_ms)
{
    if (t->has_twin)
        fw_controller_give_twin(&job->controller, &t->limits,
                                fw_job_version(job), now_ms);
    if (t->has_choice)
        regroup(job, t, now_ms);
}
