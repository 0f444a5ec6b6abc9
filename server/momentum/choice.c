#include "server/momentum/choice.h"

#include <math.h>
#include <stdlib.h>

#include "sdk/base/mem.h"
#include "sdk/base/random.h"
#include "server/momentum/laws.h"
#include "server/momentum/twin.h"

#define UPDATES 1024u   /* played through for each candidate, at most ... */
#define DRAWS   100000u /* ... but no more service times than these */
#define LEAST   128u    /* updates even so */
#define REGULAR 0.05    /* scatter below which times are constant */
#define SEED    1986u   /* the same input, the same choice */
#define BETTER  1.1     /* another number must be so much better */
#define QUIET   0.15    /* worth of averaging: less noise in a step */

/* A group under way. */
struct racer {
    double due;    /* when its round ends */
    uint64_t read; /* version it works on */
    uint32_t size; /* members; 0: one that is slow */
};

struct race {
    struct racer *racers; /* owned */
    uint32_t n;
    struct fw_random random;
    double shape; /* of the gamma law of service times; 0: constant */
    double slow;  /* service time of slow ones */
    uint64_t version;
    double now;
};

/* Time of a round: the slowest of its members. */
static double round_time(struct race *r, uint32_t size)
{
    double most = 0.0;

    if (size == 0)
        return r->slow;
    if (r->shape <= 0.0)
        return 1.0;
    for (uint32_t i = 0; i < size; i++)
        most = fmax(most, fw_random_gamma(&r->random, r->shape) / r->shape);
    return most;
}

/* The group whose round ends next; a few groups: no heap is worth it. */
static struct racer *next(struct race *r)
{
    struct racer *first = &r->racers[0];

    for (uint32_t i = 1; i < r->n; i++) {
        if (r->racers[i].due < first->due)
            first = &r->racers[i];
    }
    return first;
}

/* Let the groups run; the staleness of each update and how many a unit of time
 * brings. */
static double run(struct race *r, uint32_t *taus, uint32_t updates)
{
    double began = 0.0;

    for (uint32_t i = 0; i < r->n; i++)
        r->racers[i].due = round_time(r, r->racers[i].size);
    for (uint32_t i = 0; i < updates + r->n; i++) {
        struct racer *x = next(r);

        if (i == r->n)
            began = r->now;
        if (i >= r->n)
            taus[i - r->n] = (uint32_t)(r->version - x->read);
        r->now = x->due;
        x->read = ++r->version;
        x->due = r->now + round_time(r, x->size);
    }
    return r->now > began ? updates / (r->now - began) : 0.0;
}

/* Progress with `groups` groups; NAN without memory. */
static double progress(const struct fw_choice_input *in, uint32_t groups)
{
    uint32_t updates = DRAWS * groups / in->workers;
    double step = in->reference_rate / (1.0 - in->reference_momentum);
    double momentum =
        fmax(in->reference_momentum - fw_law_implicit(groups + in->slow), 0.0);
    struct race r = {.n = groups + in->slow, .slow = in->slow_ratio};
    uint32_t *taus;
    double rate = NAN;
    double limit;

    updates = updates > UPDATES ? UPDATES : updates < LEAST ? LEAST : updates;
    fw_random_init(&r.random, SEED);
    if (in->service_ratio >= REGULAR)
        r.shape = 1.0 / (in->service_ratio * in->service_ratio);
    r.racers = fw_mem_array(r.n, sizeof(*r.racers));
    taus = fw_mem_array(updates, sizeof(*taus));
    if (r.racers && taus) {
        struct fw_twin_problem p = {taus, updates, updates};

        for (uint32_t i = 0; i < groups; i++)
            r.racers[i].size =
                in->workers / groups + (i < in->workers % groups);
        rate = run(&r, taus, updates);
        if (r.n > 1 && fw_twin_limits(&p, &momentum, 1, &limit) == FW_OK)
            step = fmin(step, FW_LAW_KAPPA * limit / in->curvature);
    }
    free(r.racers);
    free(taus);
    return rate * step * (1.0 + QUIET * (1.0 - (double)groups / in->workers));
}

static bool usable(const struct fw_choice_input *in)
{
    return in->workers > 0 && isfinite(in->service_ratio) &&
           (in->slow == 0 || isfinite(in->slow_ratio)) &&
           in->service_ratio >= 0.0 && isfinite(in->curvature) &&
           in->curvature > 0.0 && fabs(in->reference_momentum) < 1.0 &&
           isfinite(in->reference_rate) && in->reference_rate > 0.0;
}

/* The candidate in force now, or full asynchrony if it is none. */
static uint32_t present(const struct fw_choice_input *in,
                        const struct fw_choice *c)
{
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->candidates[i] == in->now)
            return i;
    }
    return c->n - 1;
}

void fw_choice_make(const struct fw_choice_input *in, struct fw_choice *out)
{
    uint32_t now;
    uint32_t best;

    *out = (struct fw_choice){.groups = in->workers, .gain = 1.0};
    if (!usable(in))
        return;
    for (uint32_t g = 1; g < in->workers && out->n < FW_CHOICES_MAX - 1; g *= 2)
        out->candidates[out->n++] = g;
    out->candidates[out->n++] = in->workers;
    out->ok = true;
    for (uint32_t i = 0; i < out->n; i++) {
        out->progress[i] = progress(in, out->candidates[i]);
        out->ok = out->ok && isfinite(out->progress[i]);
    }
    best = now = present(in, out);
    for (uint32_t i = 0; i < out->n; i++) {
        if (out->progress[i] > out->progress[best])
            best = i;
    }
    if (out->progress[best] < BETTER * out->progress[now])
        best = now;
    out->groups = out->candidates[best];
    if (out->progress[now] > 0.0)
        out->gain = out->progress[best] / out->progress[now];
}
