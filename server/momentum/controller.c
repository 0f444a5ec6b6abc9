#include "server/momentum/controller.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "server/momentum/controller_decide.h"

#define MOMENTUM_LIMIT 0.999 /* a pin must stay inside (-1, 1) by this */
#define EVERY_MS       1000  /* decisions by time and trace: one a second */
#define REFUSED_MS     60000 /* records of an unusable sensor: one a minute */
#define GAMMA          0.01  /* of the trim: Zhang & Mitliagkas 2017 */
#define TRIM_LIMIT     0.3   /* a ringing detector may not rule */
#define BRAKE          1.5   /* by which a rising loss raises the curvature */
#define HARD           4.0   /* by which one that runs away does */
#define YOUNG          32u   /* updates that are the beginning, and two each */
#define CATAPULT       0.5   /* share of the curvature that counts there */
#define RISE           0.25  /* of the speed of the reference's momentum */
#define RATE_URGENT    0.2   /* a change of the rate that does not wait */

static bool usable(const struct fw_controller_config *g)
{
    return g->law >= FW_LAW_FIXED && g->law <= FW_LAW_MANUAL &&
           fabs(g->reference_momentum) < 1.0 && isfinite(g->reference_rate) &&
           g->reference_rate > 0.0 && isfinite(g->floor) && g->floor > -1.0;
}

fw_status fw_controller_init(struct fw_controller *c,
                             const struct fw_controller_config *g,
                             int64_t now_ms)
{
    struct fw_event start = {.cause = "start", .now_ms = now_ms};
    fw_status s = FW_INVALID;

    *c = (struct fw_controller){
        .config = *g,
        .momentum = g->reference_momentum,
        .rate = g->reference_rate,
        .rise = 1.0,
        .target = g->reference_momentum,
        .law = g->law,
        .pinned_momentum = g->reference_momentum,
        .pinned_rate = g->reference_rate,
        .acted_ms = now_ms,
        .refused_ms = now_ms - REFUSED_MS,
    };
    fw_curvature_init(&c->curvature);
    fw_brake_init(&c->brake);
    fw_prober_init(&c->prober, g->probe_interval);
    fw_trial_init(&c->trial);
    if (usable(g))
        s = fw_decision_log_init(&c->log);
    if (s == FW_OK)
        s = fw_total_momentum_init(&c->total, g->n_elements);
    if (s == FW_OK)
        fw_controller_decide(c, &start, FW_DECIDE_AT_ONCE);
    else
        fw_controller_close(c);
    return s;
}

void fw_controller_close(struct fw_controller *c)
{
    fw_decision_log_close(&c->log);
    fw_total_momentum_close(&c->total);
}

void fw_controller_members(struct fw_controller *c, uint32_t workers,
                           enum fw_member_cause cause, const char *who,
                           uint64_t version, int64_t now_ms)
{
    static const char *const causes[] = {"joined", "left", "lost", "groups",
                                         "restart"};
    struct fw_event e = {
        .cause = causes[cause],
        .who = who,
        .version = version,
        .now_ms = now_ms,
    };

    c->workers = workers;
    c->fresh = true;
    fw_prober_hurry(&c->prober, version);
    c->trim = 0.0;
    fw_controller_decide(c, &e, FW_DECIDE_AT_ONCE);
}

/* A sensor spoke nonsense: what was decided stays, and the log says so. */
static void refuse(struct fw_controller *c, const char *reason,
                   uint64_t version, int64_t now_ms)
{
    struct fw_event e = {
        .cause = "sensor", .version = version, .now_ms = now_ms};

    if (now_ms - c->refused_ms < REFUSED_MS)
        return;
    c->refused_ms = now_ms;
    fw_controller_hold(c, &e, reason);
}

/* The trial of negative momentum is over, for good or bad. */
static void conclude(struct fw_controller *c, enum fw_trial_verdict v,
                     uint64_t version, int64_t now_ms)
{
    struct fw_event e = {
        .cause = "trial", .version = version, .now_ms = now_ms};

    if (v == FW_TRIAL_NONE)
        return;
    if (v == FW_TRIAL_NO_WORSE) {
        fw_controller_hold(c, &e,
                           "negative momentum was tried and the loss is no "
                           "worse");
        return;
    }
    e.note = v == FW_TRIAL_WORSE
                 ? "negative momentum made the loss worse, back to 0"
                 : "nobody reported a loss to judge negative momentum by, "
                   "back to 0";
    fw_controller_decide(c, &e, FW_DECIDE_AT_ONCE);
}

/* Does a probe count less?  Where training begins, a step above the limit does
 * not diverge but moves to where the loss is flatter ("catapult": Lewkowycz et
 * al. 2020: up to twice the limit), and a step that avoids this stays where the
 * loss is sharp.  Arriving there at once leaves dead units behind, so the step
 * rises gradually. */
static bool begins(const struct fw_controller *c, uint64_t version)
{
    return !c->grown && version < YOUNG + 2ull * c->workers;
}

/* The beginning is over: what was measured there counts in full, until newer
 * probes tell of a flatter place.  Least squares have none. */
static void grow_up(struct fw_controller *c, uint64_t version, int64_t now_ms)
{
    struct fw_event e = {
        .cause = "curvature", .version = version, .now_ms = now_ms};

    if (c->grown || begins(c, version))
        return;
    c->grown = true;
    if (!c->young)
        return;
    c->young = false;
    fw_curvature_scale(&c->curvature, 1.0 / CATAPULT);
    fw_controller_decide(c, &e, FW_DECIDE_BY_DEGREES);
}

void fw_controller_curvature(struct fw_controller *c, double h,
                             uint64_t version, int64_t now_ms)
{
    struct fw_event e = {
        .cause = "curvature", .version = version, .now_ms = now_ms};
    char reason[96];
    bool usable;

    grow_up(c, version, now_ms);
    usable =
        !isnan(h) &&
        fw_curvature_add(&c->curvature, begins(c, version) ? CATAPULT * h : h);
    if (usable) {
        c->young = begins(c, version);
        fw_prober_answer(&c->prober);
        if (fw_controller_drift(c) > RATE_URGENT)
            fw_controller_decide(c, &e, FW_DECIDE_BY_DEGREES);
    } else if (!isnan(h)) {
        snprintf(reason, sizeof(reason),
                 "a curvature probe said %g, which is of no use", h);
        refuse(c, reason, version, now_ms);
    }
}

bool fw_controller_ask_probe(struct fw_controller *c, uint64_t version)
{
    return fw_prober_ask(&c->prober, c->workers, version);
}

/* The loss rises although the step was thought stable: then the curvature is
 * larger than was measured, or the delays are not those of the trace. */
static void mind_the_loss(struct fw_controller *c,
                          const struct fw_observation *o, int64_t now_ms)
{
    struct fw_event e = {
        .cause = "loss", .version = o->version, .now_ms = now_ms};
    enum fw_alarm alarm =
        fw_brake_add(&c->brake, o->loss, fw_staleness_mean(&c->staleness));

    if (alarm == FW_ALARM_NONE || c->workers < 2)
        return; /* alone the step is the reference's, whatever the curvature */
    if (alarm == FW_ALARM_RUNS_AWAY) {
        fw_curvature_raise(&c->curvature, HARD);
        fw_prober_hurry(&c->prober, o->version);
        fw_controller_decide(c, &e, FW_DECIDE_AT_ONCE);
    } else {
        fw_curvature_raise(&c->curvature, BRAKE);
        fw_controller_decide(c, &e, FW_DECIDE_BY_DEGREES);
    }
}

void fw_controller_observe(struct fw_controller *c,
                           const struct fw_observation *o, int64_t now_ms)
{
    c->rise +=
        RISE * (1.0 - fabs(c->config.reference_momentum)) * (1.0 - c->rise);
    fw_staleness_add(&c->staleness, o->staleness, c->workers, o->worker);
    grow_up(c, o->version, now_ms);
    mind_the_loss(c, o, now_ms);
    conclude(c, fw_trial_add(&c->trial, o->loss, now_ms), o->version, now_ms);
}

double fw_controller_rate(const struct fw_controller *c)
{
    return c->rate * c->rise;
}

const uint64_t *fw_controller_coordinates(const struct fw_controller *c,
                                          uint32_t *n)
{
    *n = c->total.n;
    return c->total.coordinates;
}

void fw_controller_sample(struct fw_controller *c,
                          const struct fw_total_sample *sample)
{
    double error;

    fw_total_momentum_add(&c->total, sample);
    error = c->config.reference_momentum - c->total.value;
    if (c->law != FW_LAW_CLOSED_LOOP || c->workers < 2 || !isfinite(error))
        return;
    c->trim += GAMMA * error;
    c->trim = fmin(fmax(c->trim, -TRIM_LIMIT), TRIM_LIMIT);
}

void fw_controller_tick(struct fw_controller *c, uint64_t version,
                        int64_t now_ms)
{
    struct fw_event e = {
        .cause = "trace", .version = version, .now_ms = now_ms};

    if (now_ms - c->acted_ms >= EVERY_MS)
        fw_controller_decide(c, &e, FW_DECIDE_BY_DEGREES);
}

/* Check and complete a pin; nothing has changed on failure. */
static fw_status check_pin(const struct fw_controller *c, double *momentum,
                           double *rate, struct fw_err *err)
{
    double step = c->rate / (1.0 - c->momentum);

    if (isnan(*momentum))
        *momentum = c->momentum;
    if (!(fabs(*momentum) <= MOMENTUM_LIMIT))
        return fw_err_reason(err, FW_INVALID, "CONTROLLER_INVALID",
                             "momentum %g; it may be -%g to %g", *momentum,
                             MOMENTUM_LIMIT, MOMENTUM_LIMIT);
    if (isnan(*rate))
        *rate = step * (1.0 - *momentum);
    if (!isfinite(*rate) || *rate <= 0.0)
        return fw_err_reason(err, FW_INVALID, "CONTROLLER_INVALID",
                             "learning rate %g; it must be above 0", *rate);
    return FW_OK;
}

fw_status fw_controller_set(struct fw_controller *c, enum fw_law law,
                            double momentum, double rate, const char *who,
                            const char *why, uint64_t version, int64_t now_ms,
                            struct fw_err *err)
{
    struct fw_event e = {
        .cause = "operator",
        .who = who,
        .why = why,
        .version = version,
        .now_ms = now_ms,
    };

    if (law == FW_LAW_DEFAULT)
        law = c->config.law;
    if (law < FW_LAW_FIXED || law > FW_LAW_MANUAL)
        return fw_err_reason(err, FW_INVALID, "CONTROLLER_INVALID",
                             "law %d is not known", (int)law);
    if (law == FW_LAW_MANUAL) {
        if (check_pin(c, &momentum, &rate, err) != FW_OK)
            return FW_INVALID;
        c->pinned_momentum = momentum;
        c->pinned_rate = rate;
    }
    c->law = law;
    c->trim = 0.0;
    fw_controller_decide(c, &e, FW_DECIDE_AT_ONCE);
    return FW_OK;
}

void fw_controller_view(const struct fw_controller *c,
                        struct fw_controller_view *out)
{
    double mean = fw_staleness_mean(&c->staleness);

    *out = (struct fw_controller_view){
        .law = c->law,
        .reference = c->config.reference_momentum,
        .momentum = c->momentum,
        .target = c->target,
        .rate = fw_controller_rate(c),
        .effective_step = fw_controller_rate(c) / (1.0 - c->momentum),
        .step_bound = fw_controller_bound(c),
        .curvature = c->curvature.h,
        .implicit_predicted = fw_law_implicit(c->workers),
        .implicit_trace = c->staleness.n > 0 ? mean / (1.0 + mean) : NAN,
        .total_measured = c->total.value,
        .twin_ms = c->twin.ms,
        .workers = c->workers,
        .binding = c->binding,
    };
}
