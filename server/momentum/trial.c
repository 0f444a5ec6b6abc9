#include "server/momentum/trial.h"

#include <math.h>

#define WEIGHT        0.1   /* of a new loss: about the last 10 count */
#define SLOPE_WEIGHT  0.05  /* the trend is smoother than the mean */
#define FIRST_REST_MS 30000 /* half a minute, then doubling */
#define LONGEST_REST  3600000
#define TOLERANCE     2.0  /* standard errors that still count as no worse */
#define EFFECTIVE_N   19.0 /* (2 - WEIGHT)/WEIGHT: losses in the average */

void fw_trial_init(struct fw_trial *t)
{
    *t = (struct fw_trial){
        .recent = {.mean = NAN},
        .before = {.mean = NAN},
        .rest_ms = FIRST_REST_MS,
    };
}

bool fw_trial_allows(struct fw_trial *t, int64_t now_ms)
{
    if (t->state == FW_TRIAL_RESTING && now_ms >= t->rest_until_ms)
        t->state = FW_TRIAL_READY;
    return t->state != FW_TRIAL_RESTING;
}

void fw_trial_set(struct fw_trial *t, bool negative, uint64_t updates)
{
    if (!negative) {
        if (t->state != FW_TRIAL_RESTING)
            t->state = FW_TRIAL_READY;
    } else if (t->state == FW_TRIAL_READY) {
        t->state = FW_TRIAL_WATCHING;
        t->before = t->recent;
        t->left = updates;
    }
}

static void average(struct fw_trial_average *a, double loss)
{
    double d;

    a->n++;
    if (a->n == 1) {
        a->mean = loss;
        return;
    }
    d = loss - a->mean;
    a->mean += WEIGHT * d;
    a->variance = (1.0 - WEIGHT) * (a->variance + WEIGHT * d * d);
    a->slope += SLOPE_WEIGHT * (WEIGHT * d - a->slope);
}

/* Worse: the mean rose by more than the noise of the two means allows. */
static enum fw_trial_verdict judge(const struct fw_trial *t)
{
    const struct fw_trial_average *a = &t->before;
    const struct fw_trial_average *b = &t->recent;
    double noise = sqrt((a->variance + b->variance) / EFFECTIVE_N);

    if (a->n == 0 || b->n == a->n)
        return FW_TRIAL_NO_LOSS;
    return b->mean <= a->mean + TOLERANCE * noise ? FW_TRIAL_NO_WORSE
                                                  : FW_TRIAL_WORSE;
}

/* A loss that is not finite under trial is as bad as one can be. */
static bool blew_up(double loss)
{
    return isinf(loss);
}

enum fw_trial_verdict fw_trial_add(struct fw_trial *t, double loss,
                                   int64_t now_ms)
{
    enum fw_trial_verdict v;

    if (isfinite(loss))
        average(&t->recent, loss);
    if (t->state != FW_TRIAL_WATCHING)
        return FW_TRIAL_NONE;
    if (t->left > 0)
        t->left--;
    if (t->left > 0 && !blew_up(loss))
        return FW_TRIAL_NONE;
    v = blew_up(loss) ? FW_TRIAL_WORSE : judge(t);
    if (v == FW_TRIAL_NO_WORSE) {
        t->state = FW_TRIAL_KEPT;
        t->rest_ms = FIRST_REST_MS;
        return v;
    }
    t->state = FW_TRIAL_RESTING;
    t->rest_until_ms = now_ms + t->rest_ms;
    if (t->rest_ms < LONGEST_REST)
        t->rest_ms *= 2;
    return v;
}
