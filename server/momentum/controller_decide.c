#include "server/momentum/controller_decide.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "server/momentum/sentence.h"

#define SLEW         0.1  /* of momentum in one decision */
#define HYSTERESIS   0.02 /* a smaller wish for momentum is noise */
#define RATE_NOISE   0.05 /* and a smaller change of the rate, relative */
#define TRIAL_DELAYS 10   /* mean delays that a trial lasts */
#define TRIAL_LEAST  50   /* updates that a trial lasts at least */
#define REGULAR      0.3  /* sd/mean of tau below which delays are constant */
#define RATE_LEAST   1e-30

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
}

/* A twin of another cluster tells nothing about this one. */
static const struct fw_twin_result *twin_of(const struct fw_controller *c)
{
    bool mine = c->twin.ok && c->twin.workers == c->workers;

    return mine ? &c->twin : NULL;
}

/* Mean staleness of this cluster: as the twin saw it, else M - 1. */
static double expected(const struct fw_controller *c)
{
    const struct fw_twin_result *twin = twin_of(c);
    bool own = twin && fw_staleness_settled(&c->staleness, c->workers);

    if (own)
        return twin->trace_mean;
    return c->workers > 1 ? c->workers - 1.0 : 0.0;
}

static struct fw_law_view view_of(const struct fw_controller *c)
{
    return (struct fw_law_view){
        .law = c->law,
        .config = &c->config,
        .floor = fw_law_floor(&c->config),
        .workers = c->workers,
        .curvature = c->curvature.h,
        .awaits_curvature =
            isnan(c->curvature.h) && fw_prober_awaits(&c->prober, c->workers),
        .unsettled = !fw_staleness_settled(&c->staleness, c->workers),
        .staleness = expected(c),
        .regular = twin_of(c) && c->twin.trace_ratio < REGULAR,
        .twin = twin_of(c),
        .trim = c->trim,
        .pinned_momentum = c->pinned_momentum,
        .pinned_rate = c->pinned_rate,
    };
}

double fw_controller_bound(const struct fw_controller *c)
{
    struct fw_law_view v = view_of(c);

    return fw_law_bound(&v, c->momentum);
}

double fw_controller_drift(const struct fw_controller *c)
{
    struct fw_law_view v = view_of(c);
    struct fw_law_choice r;

    fw_law_rate(&v, c->momentum, &r);
    if (!isfinite(r.value) || r.value <= 0.0)
        return 0.0;
    return fabs(r.value - c->rate) / fmin(r.value, c->rate);
}

/* The facts of the moment; before and after are the same until changed. */
static struct fw_decision facts(const struct fw_controller *c,
                                const struct fw_event *e)
{
    struct fw_decision d = {
        .at_ms = e->now_ms,
        .version = e->version,
        .workers = c->workers,
        .curvature = isfinite(c->curvature.h) ? c->curvature.h : 0.0,
        .law = c->law,
        .momentum_before = c->momentum,
        .momentum_after = c->momentum,
        .rate_before = c->rate,
        .rate_after = c->rate,
    };

    copy(d.cause, sizeof(d.cause), e->cause);
    copy(d.who, sizeof(d.who), e->who);
    copy(d.why, sizeof(d.why), e->why);
    copy(d.binding, sizeof(d.binding), c->binding);
    return d;
}

/* Staleness and bound belong to the state after; then into the log. */
static void record(struct fw_controller *c, struct fw_decision *d)
{
    double bound = fw_controller_bound(c);

    d->step_bound = isfinite(bound) ? bound : 0.0;
    fw_decision_log_add(&c->log, d);
}

/* What the trace, scaled to the workers of now, looks like. */
static void measure(const struct fw_controller *c, struct fw_decision *d)
{
    struct fw_staleness_summary sum;

    if (c->staleness.n == 0)
        return;
    fw_staleness_expect(&c->staleness, c->workers, &sum);
    d->staleness_mean = sum.mean;
    d->staleness_deviation_ratio = sum.deviation_ratio;
}

/* Towards the target: all the way, or by SLEW, or (noise) not at all. */
static double approach(const struct fw_controller *c, double target,
                       enum fw_decide how)
{
    double d = target - c->momentum;

    if (how == FW_DECIDE_AT_ONCE)
        return target;
    if (fabs(d) <= HYSTERESIS)
        return c->momentum;
    return c->momentum + fmin(fmax(d, -SLEW), SLEW);
}

static bool little(const struct fw_controller *c, double momentum, double rate)
{
    return momentum == c->momentum &&
           fabs(rate - c->rate) <= RATE_NOISE * c->rate;
}

/* Both limits in one line, the momentum's first. */
static void bind(struct fw_controller *c, const struct fw_law_choice *m,
                 const struct fw_law_choice *r)
{
    snprintf(c->binding, sizeof(c->binding), "%.60s%s%.60s", m->binding,
             r->binding[0] ? "; " : "", r->binding);
}

/* How long a trial of negative momentum lasts. */
static uint64_t trial_updates(const struct fw_controller *c)
{
    double delays = TRIAL_DELAYS * (fw_staleness_mean(&c->staleness) + 1.0);

    return (uint64_t)fmax(delays, TRIAL_LEAST);
}

/* The law's wish within what the trial allows. */
static void wish(struct fw_controller *c, int64_t now_ms, struct fw_law_view *v,
                 struct fw_law_choice *m)
{
    fw_law_momentum(v, m);
    if (v->law == FW_LAW_MANUAL || m->value >= 0.0 || v->floor >= 0.0 ||
        c->config.reference_momentum < 0.0 ||
        fw_trial_allows(&c->trial, now_ms))
        return;
    v->floor = 0.0;
    fw_law_momentum(v, m);
    copy(m->binding, sizeof(m->binding), "rest after a trial");
}

/* Whether the law moves the effective step. */
static bool caps(enum fw_law law)
{
    return law == FW_LAW_STEP || law == FW_LAW_MARGIN ||
           law == FW_LAW_CLOSED_LOOP;
}

static void put_in_force(struct fw_controller *c, double momentum, double rate)
{
    bool judged = c->law != FW_LAW_MANUAL && c->law != FW_LAW_FIXED &&
                  c->config.reference_momentum >= 0.0;

    double before = c->rate * c->rise / (1.0 - c->momentum);
    double after = rate / (1.0 - momentum);

    c->rise = judged && caps(c->law) ? fmin(before / after, 1.0) : 1.0;
    c->momentum = momentum;
    c->rate = rate;
    fw_trial_set(&c->trial, judged && momentum < 0.0, trial_updates(c));
}

void fw_controller_decide(struct fw_controller *c, const struct fw_event *e,
                          enum fw_decide how)
{
    struct fw_law_view v = view_of(c);
    struct fw_decision d = facts(c, e);
    struct fw_law_choice m;
    struct fw_law_choice r;
    double momentum;

    wish(c, e->now_ms, &v, &m);
    momentum = approach(c, m.value, how);
    fw_law_rate(&v, momentum, &r);
    if (!(fabs(momentum) < 1.0) || !isfinite(r.value) || r.value < RATE_LEAST) {
        fw_controller_hold(c, e, "the law's answer is not a usable number");
        return;
    }
    c->target = m.value;
    if (how == FW_DECIDE_BY_DEGREES && little(c, momentum, r.value))
        return;
    if (how == FW_DECIDE_BY_DEGREES)
        c->acted_ms = e->now_ms;
    put_in_force(c, momentum, r.value);
    bind(c, &m, &r);
    d.momentum_after = momentum;
    d.rate_after = r.value;
    copy(d.binding, sizeof(d.binding), c->binding);
    measure(c, &d);
    fw_sentence_write(&d, e->note ? e->note : m.words, r.words);
    record(c, &d);
}

void fw_controller_hold(struct fw_controller *c, const struct fw_event *e,
                        const char *reason)
{
    struct fw_decision d = facts(c, e);

    measure(c, &d);
    fw_sentence_hold(&d, reason);
    record(c, &d);
}
