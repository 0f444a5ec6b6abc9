#include "server/momentum/controller.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOMENTUM_LIMIT   0.999 /* a pin must stay inside (-1, 1) by this */
#define CURVATURE_MEMORY 0.8   /* share of the old estimate kept each probe */

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
}

/* The effective step, which momentum multiplies the rate into. */
static double step_of(double rate, double momentum)
{
    return rate / (1.0 - momentum);
}

/* "momentum 0.9 -> 0.15 (law count: ...), rate 0.01 -> 0.085, ..." */
static void write_sentence(const struct fw_controller *c, const char *event,
                           struct fw_decision *d)
{
    char why[FW_DECISION_TEXT];

    if (d->law == FW_LAW_COUNT && d->workers > 1)
        snprintf(why, sizeof(why), "%g less 1 - 1/%u%s",
                 c->config.reference_momentum, d->workers,
                 strcmp(d->binding, "floor") == 0 ? ", held at the floor" : "");
    else if (d->law == FW_LAW_MANUAL)
        snprintf(why, sizeof(why), "pinned");
    else
        snprintf(why, sizeof(why), "the reference");
    snprintf(d->sentence, sizeof(d->sentence),
             "%s: momentum %.3g -> %.3g (law %s: %s), learning rate %.3g -> "
             "%.3g, effective step %.3g.",
             event, d->momentum_before, d->momentum_after, fw_law_name(d->law),
             why, d->rate_before, d->rate_after,
             step_of(d->rate_after, d->momentum_after));
}

/* Put `t` in force and keep the record. */
static void decide(struct fw_controller *c, struct fw_target t,
                   struct fw_decision *d, const char *event)
{
    struct fw_staleness_summary trace;

    fw_staleness_summarise(&c->staleness, &trace);
    d->workers = c->workers;
    d->staleness_mean = trace.mean;
    d->staleness_deviation_ratio = trace.deviation_ratio;
    d->curvature = c->curvature;
    d->law = c->law;
    d->momentum_before = c->momentum;
    d->rate_before = c->rate;
    d->momentum_after = t.momentum;
    d->rate_after = t.rate;
    copy(d->binding, sizeof(d->binding), t.binding);
    write_sentence(c, event, d);
    c->momentum = t.momentum;
    c->target = t.momentum;
    c->rate = t.rate;
    c->binding = t.binding;
    fw_decision_log_add(&c->log, d);
}

fw_status fw_controller_init(struct fw_controller *c,
                             const struct fw_controller_config *g,
                             int64_t now_ms)
{
    struct fw_decision d = {.at_ms = now_ms, .cause = "start"};
    struct fw_target reference = {g->reference_momentum, g->reference_rate,
                                  "reference"};
    fw_status s;

    *c = (struct fw_controller){.config = *g, .law = g->law};
    c->momentum = g->reference_momentum;
    c->rate = g->reference_rate;
    s = fw_decision_log_init(&c->log);
    if (s == FW_OK)
        decide(c, reference, &d, "The job starts");
    return s;
}

void fw_controller_close(struct fw_controller *c)
{
    fw_decision_log_close(&c->log);
}

void fw_controller_members(struct fw_controller *c, uint32_t workers,
                           enum fw_member_cause cause, const char *who,
                           uint64_t version, int64_t now_ms)
{
    static const char *const causes[] = {"joined", "left", "lost"};
    struct fw_decision d = {.at_ms = now_ms, .version = version};
    struct fw_target t = {c->momentum, c->rate, "pinned"};
    char event[FW_DECISION_TEXT + 64];

    c->workers = workers;
    if (c->law != FW_LAW_MANUAL)
        t = fw_law_target(c->law, &c->config, workers);
    copy(d.cause, sizeof(d.cause), causes[cause]);
    copy(d.who, sizeof(d.who), who);
    snprintf(event, sizeof(event), "%u worker%s (%s %s)", workers,
             workers == 1 ? "" : "s", who ? who : "one",
             cause == FW_MEMBER_LOST ? "was lost" : causes[cause]);
    decide(c, t, &d, event);
}

void fw_controller_observe(struct fw_controller *c,
                           const struct fw_observation *o)
{
    fw_staleness_add(&c->staleness, o->staleness);
    if (!isfinite(o->curvature) || o->curvature <= 0.0)
        return;
    c->curvature = c->curvature > 0.0
                       ? CURVATURE_MEMORY * c->curvature +
                             (1.0 - CURVATURE_MEMORY) * o->curvature
                       : o->curvature;
}

/* What an operator's wish comes to; false with an explanation if it is none. */
static bool resolve(const struct fw_controller *c, enum fw_law law,
                    double momentum, double rate, struct fw_target *t,
                    struct fw_err *err)
{
    if (law == FW_LAW_FIXED || law == FW_LAW_COUNT) {
        *t = fw_law_target(law, &c->config, c->workers);
        return true;
    }
    if (law != FW_LAW_MANUAL) {
        fw_err_set(err, FW_INVALID,
                   "law %s is not built yet; there are fixed, count and manual",
                   fw_law_name(law));
        return false;
    }
    *t = (struct fw_target){momentum, rate, "pinned"};
    if (isnan(momentum))
        t->momentum = c->momentum;
    if (!(fabs(t->momentum) <= MOMENTUM_LIMIT)) {
        fw_err_set(err, FW_INVALID, "momentum %g; it may be -%g to %g",
                   momentum, MOMENTUM_LIMIT, MOMENTUM_LIMIT);
        return false;
    }
    if (isnan(rate))
        t->rate = step_of(c->rate, c->momentum) * (1.0 - t->momentum);
    if (!isfinite(t->rate) || t->rate <= 0.0) {
        fw_err_set(err, FW_INVALID, "learning rate %g; it must be above 0",
                   rate);
        return false;
    }
    return true;
}

fw_status fw_controller_set(struct fw_controller *c, enum fw_law law,
                            double momentum, double rate, const char *who,
                            const char *why, uint64_t version, int64_t now_ms,
                            struct fw_err *err)
{
    struct fw_decision d = {
        .at_ms = now_ms, .version = version, .cause = "operator"};
    char event[3 * FW_DECISION_TEXT];
    struct fw_target t;

    if (law == FW_LAW_DEFAULT)
        law = c->config.law;
    if (!resolve(c, law, momentum, rate, &t, err)) {
        if (err)
            copy(err->reason, sizeof(err->reason), "CONTROLLER_INVALID");
        return FW_INVALID;
    }
    c->law = law;
    copy(d.who, sizeof(d.who), who);
    snprintf(event, sizeof(event), "%.100s asked%s%.100s",
             who && *who ? who : "An operator", why && *why ? ": " : "",
             why ? why : "");
    decide(c, t, &d, event);
    return FW_OK;
}
