#include "server/momentum/laws.h"

#include <math.h>
#include <stdio.h>

#define PI 3.14159265358979323846
#define TOLERANCE                                                              \
    0.02         /* of the best s_c that `margin` gives up for momentum        \
                  */
#define SCAN 200 /* momenta looked at between floor and mu* */

static double clamp(double x, double low, double high)
{
    return fmin(fmax(x, low), high);
}

FW_PRINTF(4, 5)
static void choose(struct fw_law_choice *out, double value, const char *binding,
                   const char *fmt, ...)
{
    va_list ap;

    out->value = value;
    snprintf(out->binding, sizeof(out->binding), "%s", binding);
    va_start(ap, fmt);
    vsnprintf(out->words, sizeof(out->words), fmt, ap);
    va_end(ap);
}

double fw_law_implicit(uint32_t workers)
{
    return workers < 2 ? 0.0 : 1.0 - 1.0 / workers;
}

double fw_law_floor(const struct fw_controller_config *g)
{
    double low = 0.0;

    if (g->allow_negative)
        low = g->floor < 0.0 ? g->floor : FW_FLOOR_DEFAULT;
    return fmin(low, g->reference_momentum);
}

static void count(const struct fw_law_view *v, struct fw_law_choice *out)
{
    double m = v->config->reference_momentum;
    double wish = m - fw_law_implicit(v->workers);

    if (wish < v->floor)
        choose(out, v->floor, "floor",
               "%g less 1 - 1/%u is %.2f, below the floor", m, v->workers,
               wish);
    else
        choose(out, fmin(wish, m), "implicit momentum", "%g less 1 - 1/%u", m,
               v->workers);
}

/* What of the best s_c is given up for momentum.  With nearly constant delays
 * all that momentum below zero can gain is about 0.4/(1 + tau) of it (measured:
 * docs/controller.md, "Golden figures"); the same part of that gain is a
 * smaller part of s_c.  The power keeps the choice falling as workers join. */
static double tolerance(const struct fw_law_view *v)
{
    double part = pow(4.0 / (1.0 + v->staleness), 1.25);

    return v->regular ? TOLERANCE * fmin(1.0, part) : TOLERANCE;
}

/* The largest momentum whose s_c is within the tolerance of the best.  A
 * smaller s_c in between is no obstacle: it is not used. */
static double widest(const struct fw_law_view *v)
{
    double range = v->config->reference_momentum - v->floor;
    double best = 0.0;

    for (int i = 0; i <= SCAN; i++)
        best = fmax(best, fw_twin_limit(v->twin, v->floor + range * i / SCAN));
    for (int i = SCAN; i > 0; i--) {
        double m = v->floor + range * i / SCAN;

        if (fw_twin_limit(v->twin, m) >= (1.0 - tolerance(v)) * best)
            return m;
    }
    return v->floor;
}

/* mu* less the implicit momentum that the trace shows, tau/(1 + tau); the
 * paper's 1 - 1/M for tau = M - 1. */
static double paper(const struct fw_law_view *v)
{
    double implicit = v->staleness / (1.0 + v->staleness);

    return fmax(v->config->reference_momentum - implicit, v->floor);
}

static void margin(const struct fw_law_view *v, struct fw_law_choice *out)
{
    double m;

    if (!v->twin || !v->twin->ok) {
        count(v, out);
        snprintf(out->binding, sizeof(out->binding),
                 "count until the twin ran");
        return;
    }
    m = fmin(widest(v), paper(v));
    if (m >= v->config->reference_momentum)
        choose(out, m, "reference", "these delays bear the reference");
    else
        choose(out, m, m > v->floor ? "staleness" : "floor",
               "the largest within 2 %% of the best stable step");
}

static void closed_loop(const struct fw_law_view *v, struct fw_law_choice *out)
{
    double m;

    margin(v, out);
    m = clamp(out->value + v->trim, v->floor, v->config->reference_momentum);
    if (m == out->value || !isfinite(m))
        return;
    choose(out, m, "measured total momentum", "margin's %.2f trimmed by %+.3f",
           out->value, v->trim);
}

void fw_law_momentum(const struct fw_law_view *v, struct fw_law_choice *out)
{
    if (v->law == FW_LAW_MANUAL)
        choose(out, v->pinned_momentum, "operator", "pinned");
    else if (v->law == FW_LAW_FIXED || v->law == FW_LAW_STEP)
        choose(out, v->config->reference_momentum, "reference",
               "the reference");
    else if (v->workers < 2)
        choose(out, v->config->reference_momentum, "reference",
               "the reference, as without asynchrony");
    else if (v->law == FW_LAW_COUNT)
        count(v, out);
    else if (v->law == FW_LAW_MARGIN)
        margin(v, out);
    else
        closed_loop(v, out);
}

/* s_c of equal machines without momentum, tau = M - 1. */
static double equal_machines(uint32_t workers)
{
    double tau = workers > 1 ? workers - 1.0 : 0.0;

    return 2.0 * sin(PI / (2.0 * (2.0 * tau + 1.0)));
}

/* s_c of one worker. */
static double alone(double momentum)
{
    return 2.0 * (1.0 + momentum) / (1.0 - momentum);
}

/* A guess at the curvature from the reference alone.  One worker is stable with
 * it up to h = s_c(mu*)/s*, and would be without momentum up to 2/s*: between
 * the two, in the middle of their logarithms. */
static double guess(const struct fw_law_view *v)
{
    double m = v->config->reference_momentum;

    return sqrt(alone(m) * alone(0.0)) * (1.0 - m) / v->config->reference_rate;
}

double fw_law_bound(const struct fw_law_view *v, double momentum)
{
    double h = v->awaits_curvature ? guess(v) : v->curvature;
    bool known = v->twin && v->twin->ok;
    double limit = INFINITY;

    if (!isfinite(h) || h <= 0.0)
        return NAN;
    if (v->workers < 2)
        return alone(momentum) / h;
    if (known)
        limit = fw_twin_limit(v->twin, momentum);
    if (!known || v->unsettled)
        limit = fmin(limit, equal_machines(v->workers));
    return limit / h;
}

/* min(s*, kappa s_c(mu)/h) of the laws that look at curvature. */
static void capped(const struct fw_law_view *v, double momentum, double s,
                   struct fw_law_choice *out)
{
    double bound = fw_law_bound(v, momentum);
    double cap = FW_LAW_KAPPA * bound;

    if (!isfinite(bound) || bound <= 0.0)
        choose(out, s * (1.0 - momentum), "no curvature: step not capped",
               "so that the effective step stays %.3g; no curvature: step "
               "not capped",
               s);
    else if (cap < s && v->awaits_curvature)
        choose(out, cap * (1.0 - momentum), "curvature is being measured",
               "so that the effective step %.3g is stable whatever the "
               "curvature; it is being measured",
               cap);
    else if (cap < s)
        choose(out, cap * (1.0 - momentum), "curvature",
               "so that the effective step %.3g is %g of the stable %.3g", cap,
               FW_LAW_KAPPA, bound);
    else
        choose(out, s * (1.0 - momentum), "",
               "so that the effective step stays %.3g", s);
}

void fw_law_rate(const struct fw_law_view *v, double momentum,
                 struct fw_law_choice *out)
{
    double s =
        v->config->reference_rate / (1.0 - v->config->reference_momentum);
    bool caps = v->law == FW_LAW_STEP || v->law == FW_LAW_MARGIN ||
                v->law == FW_LAW_CLOSED_LOOP;

    if (v->law == FW_LAW_MANUAL)
        choose(out, v->pinned_rate, "", "pinned");
    else if (momentum == v->config->reference_momentum &&
             (v->workers < 2 || !caps))
        choose(out, v->config->reference_rate, "", "the reference");
    else if (caps && v->workers > 1)
        capped(v, momentum, s, out);
    else if (v->law == FW_LAW_COUNT && v->config->policy == FW_STEP_KEEP_RATE)
        choose(out, v->config->reference_rate, "rate kept", "as the job asks");
    else
        choose(out, s * (1.0 - momentum), "",
               "so that the effective step stays %.3g", s);
}
