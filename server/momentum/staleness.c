#include "server/momentum/staleness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/random.h"

/* Any constant will do: the drawn taus only have to be the same every time. */
#define DRAW_SEED 2016u
/* Fraction of the golden ratio: multiples of it fill [0, 1) evenly. */
#define GOLDEN 0.6180339887498949

#define ROUNDS_SETTLED 2u   /* gradients of every worker since a change */
#define LEAST_SETTLED  16u  /* with few workers */
#define LEAST_SCALED   64u  /* samples from which a shape can be told */
#define ROUNDS_RECENT  32u  /* gradients of every worker that are recent */
#define LEAST_RECENT   512u /* with few workers */

void fw_staleness_add(struct fw_staleness *s, uint64_t tau, uint32_t workers,
                      uint32_t worker)
{
    uint32_t last = (s->next + FW_STALENESS_WINDOW - 1) % FW_STALENESS_WINDOW;

    if (s->n > 0 && s->ring[last].workers != workers)
        s->since = s->total;
    if (s->n == FW_STALENESS_WINDOW)
        s->sum -= s->ring[s->next].tau;
    s->ring[s->next] = (struct fw_staleness_sample){
        tau < UINT32_MAX ? (uint32_t)tau : UINT32_MAX, workers, worker};
    s->sum += s->ring[s->next].tau;
    s->ever_sum += s->ring[s->next].tau;
    s->ever[tau < FW_STALENESS_BARS ? tau : FW_STALENESS_BARS - 1]++;
    s->next = (s->next + 1) % FW_STALENESS_WINDOW;
    if (s->n < FW_STALENESS_WINDOW)
        s->n++;
    s->total++;
}

double fw_staleness_mean(const struct fw_staleness *s)
{
    return s->n ? (double)s->sum / s->n : 0.0;
}

size_t fw_staleness_histogram(const struct fw_staleness *s, uint64_t *bars,
                              size_t n_bars)
{
    size_t used = 0;

    memset(bars, 0, n_bars * sizeof(*bars));
    for (uint32_t i = 0; i < s->n; i++) {
        size_t k = s->ring[i].tau < n_bars ? s->ring[i].tau : n_bars - 1;

        bars[k]++;
        if (k + 1 > used)
            used = k + 1;
    }
    return used;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Nearest rank: the smallest value with at least `percent` % at or below it. */
static uint32_t rank(const uint32_t *sorted, uint32_t n, uint32_t percent)
{
    return sorted[((uint64_t)n * percent + 99) / 100 - 1];
}

/* Mean and deviation ratio alone: no sorting. */
static void moments(const uint32_t *taus, uint32_t n,
                    struct fw_staleness_summary *out)
{
    double sum = 0.0;
    double squares = 0.0;

    *out = (struct fw_staleness_summary){.n = n};
    if (n == 0)
        return;
    for (uint32_t i = 0; i < n; i++)
        sum += taus[i];
    out->mean = sum / n;
    for (uint32_t i = 0; i < n; i++)
        squares += (taus[i] - out->mean) * (taus[i] - out->mean);
    if (out->mean > 0.0)
        out->deviation_ratio = sqrt(squares / n) / out->mean;
}

/* Summarise and sort the caller's taus. */
static void summarise(uint32_t *taus, uint32_t n,
                      struct fw_staleness_summary *out)
{
    moments(taus, n, out);
    if (n == 0)
        return;
    qsort(taus, n, sizeof(*taus), compare);
    out->p50 = rank(taus, n, 50);
    out->p95 = rank(taus, n, 95);
    out->p99 = rank(taus, n, 99);
}

void fw_staleness_summarise(const struct fw_staleness *s,
                            struct fw_staleness_summary *out)
{
    uint32_t taus[FW_STALENESS_WINDOW];

    for (uint32_t i = 0; i < s->n; i++)
        taus[i] = s->ring[i].tau;
    summarise(taus, s->n, out);
}

void fw_staleness_summarise_worker(const struct fw_staleness *s,
                                   uint32_t worker,
                                   struct fw_staleness_summary *out)
{
    uint32_t taus[FW_STALENESS_WINDOW];
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->n; i++) {
        if (s->ring[i].worker == worker)
            taus[n++] = s->ring[i].tau;
    }
    summarise(taus, n, out);
}

/* A tau of the geometric law with mean M - 1. */
static uint32_t draw(struct fw_random *r, uint32_t workers)
{
    double e = fw_random_exponential(r);

    if (workers < 2)
        return 0;
    return (uint32_t)floor(e / -log1p(-1.0 / workers));
}

/* tau' = tau (M' - 1)/(M - 1); what is between two integers goes to either,
 * in turns, so that the mean is kept. */
static uint32_t scale(const struct fw_staleness_sample *x, uint32_t workers,
                      uint32_t i)
{
    double turn = fmod(i * GOLDEN, 1.0);
    double scaled = (double)x->tau * (workers - 1.0) / (x->workers - 1.0);

    return (uint32_t)fmin(floor(scaled + turn), UINT32_MAX);
}

/* Gradients since the number of workers changed to `workers`; 0 if none has
 * come since. */
static uint64_t settled_for(const struct fw_staleness *s, uint32_t workers)
{
    uint32_t last = (s->next + FW_STALENESS_WINDOW - 1) % FW_STALENESS_WINDOW;

    if (s->n == 0 || s->ring[last].workers != workers)
        return 0;
    return s->total - s->since;
}

bool fw_staleness_settled(const struct fw_staleness *s, uint32_t workers)
{
    uint64_t need = (uint64_t)ROUNDS_SETTLED * workers;

    return settled_for(s, workers) >=
           (need > LEAST_SETTLED ? need : LEAST_SETTLED);
}

/* How many of the newest samples tell about `workers`: not those of long ago,
 * and once settled not those begun under another number of them. */
static uint32_t recent(const struct fw_staleness *s, uint32_t workers)
{
    uint64_t n = (uint64_t)ROUNDS_RECENT * workers;

    if (n < LEAST_RECENT)
        n = LEAST_RECENT;
    if (fw_staleness_settled(s, workers) &&
        n > settled_for(s, workers) - workers)
        n = settled_for(s, workers) - workers;
    return n < s->n ? (uint32_t)n : s->n;
}

/* Whether the newest n samples can be scaled: a time with one worker, or the
 * first moments of a growing cluster, tell nothing about the shape. */
static bool scalable(const struct fw_staleness *s, uint32_t n)
{
    uint32_t usable = 0;

    for (uint32_t i = 1; i <= n; i++)
        usable +=
            s->ring[(s->next + FW_STALENESS_WINDOW - i) % FW_STALENESS_WINDOW]
                .workers > 1;
    return usable >= LEAST_SCALED;
}

uint32_t fw_staleness_trace(const struct fw_staleness *s, uint32_t workers,
                            uint32_t *taus)
{
    uint32_t m = workers > 1 ? workers : 1;
    uint32_t n = recent(s, m);
    uint32_t first = s->next + FW_STALENESS_WINDOW - n;
    bool own = fw_staleness_settled(s, m) || scalable(s, n);
    struct fw_random r;

    fw_random_init(&r, DRAW_SEED);
    if (!own)
        n = FW_STALENESS_DRAWN;
    for (uint32_t i = 0; i < n; i++) {
        const struct fw_staleness_sample *x =
            &s->ring[(first + i) % FW_STALENESS_WINDOW];

        if (own && x->workers == m)
            taus[i] = x->tau;
        else if (own && x->workers > 1)
            taus[i] = scale(x, m, i);
        else
            taus[i] = draw(&r, m);
    }
    return n;
}

void fw_staleness_expect(const struct fw_staleness *s, uint32_t workers,
                         struct fw_staleness_summary *out)
{
    uint32_t taus[FW_STALENESS_WINDOW];

    moments(taus, fw_staleness_trace(s, workers, taus), out);
}

double fw_staleness_geometric(uint32_t workers, uint32_t k)
{
    if (workers < 2)
        return k == 0 ? 1.0 : 0.0;
    return pow(1.0 - 1.0 / workers, k) / workers;
}
