/* When the twin runs and what its answer changes. */
#include <math.h>
#include <string.h>

#include "server/momentum/controller_decide.h"

#define EVERY_MS    1000  /* at most one run a second, but for membership */
#define IDLE_MS     10000 /* if the law does not use it: for show */
#define LOST_MS     30000 /* a result that has not come by then never will */
#define NEW_SAMPLES 32u   /* gradients that make a new run worth while */
#define EARLY_FIRST                                                            \
    16u          /* gradients after a change until the trace is asked          \
                    again, whatever the time; then doubling */
#define GRID 16u /* momenta asked for; at most FW_TWIN_MOMENTA */

static bool law_uses_it(const struct fw_controller *c)
{
    return c->law == FW_LAW_STEP || c->law == FW_LAW_MARGIN ||
           c->law == FW_LAW_CLOSED_LOOP;
}

/* A new cluster's trace speaks within a few rounds of its workers, which may
 * be much less than a second. */
static bool early(const struct fw_controller *c)
{
    return law_uses_it(c) &&
           c->staleness.total - c->asked_samples >= c->early_samples;
}

static bool due(const struct fw_controller *c, int64_t now_ms)
{
    int64_t age = now_ms - c->asked_ms;
    bool news = c->staleness.total - c->asked_samples >= NEW_SAMPLES;

    if (c->workers < 2)
        return false; /* the closed form 2(1 + mu)/(1 - mu) is known */
    if (c->fresh)
        return true;
    if (c->running && age < LOST_MS)
        return false;
    if (early(c))
        return true;
    return news && age >= (law_uses_it(c) ? EVERY_MS : IDLE_MS);
}

/* Evenly from the floor to mu*, so that the law's every choice lies within. */
static void grid(const struct fw_controller *c, struct fw_twin_input *in)
{
    double low = fw_law_floor(&c->config);
    double high = c->config.reference_momentum;

    in->n_momenta = high > low ? GRID : 1;
    for (uint32_t i = 0; i < in->n_momenta; i++)
        in->momenta[i] =
            in->n_momenta == 1 ? high : low + (high - low) * i / (GRID - 1);
}

bool fw_controller_take_twin(struct fw_controller *c, int64_t now_ms,
                             struct fw_twin_input *in)
{
    if (!due(c, now_ms))
        return false;
    memset(in, 0, sizeof(*in));
    in->ticket = ++c->ticket;
    in->workers = c->workers;
    in->n_trace = fw_staleness_trace(&c->staleness, c->workers, in->trace);
    grid(c, in);
    c->running = true;
    c->asked_early = !c->fresh && early(c);
    if (c->fresh)
        c->early_samples = c->workers > EARLY_FIRST ? c->workers : EARLY_FIRST;
    else if (c->asked_early)
        c->early_samples *= 2;
    c->asked_ms = now_ms;
    c->asked_samples = c->staleness.total;
    c->asked_fresh = c->fresh;
    c->fresh = false;
    return true;
}

static bool believable(const struct fw_twin_result *r)
{
    bool ok = r->ok && r->n_momenta > 0 && r->n_momenta <= FW_TWIN_MOMENTA;

    for (uint32_t i = 0; ok && i < r->n_momenta; i++)
        ok = isfinite(r->limits[i]) && r->limits[i] > 0.0;
    return ok;
}

void fw_controller_give_twin(struct fw_controller *c,
                             const struct fw_twin_result *result,
                             uint64_t version, int64_t now_ms)
{
    struct fw_event e = {.cause = "twin", .version = version, .now_ms = now_ms};
    bool first = c->asked_fresh;

    if (result->ticket != c->ticket || !c->running)
        return;
    c->running = false;
    if (result->workers != c->workers)
        return; /* membership changed meanwhile: another run is due */
    if (!believable(result)) {
        fw_controller_hold(c, &e, "the stability twin has no answer");
        return;
    }
    c->twin = *result;
    c->asked_fresh = false;
    if (!law_uses_it(c))
        return;
    if (first)
        fw_controller_decide(c, &e, FW_DECIDE_AT_ONCE);
    else if (c->asked_early)
        fw_controller_decide(c, &e, FW_DECIDE_BY_DEGREES);
    else
        fw_controller_tick(c, version, now_ms);
}
