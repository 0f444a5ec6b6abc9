#include "server/momentum/total_momentum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "sdk/base/random.h"

#define SEED     2017u /* the same coordinates every time */
#define WEIGHT   0.05  /* of a new median: about the last 20 count */
#define FEWEST   8u    /* ratios that make a median */
#define TINIEST  1e-12 /* a smaller move is rounding, not motion */
#define NO_VALUE UINT64_MAX

/* Rising coordinates: one from each of n equal parts, so none comes twice. */
static void choose(struct fw_total_momentum *t, uint64_t n_elements)
{
    struct fw_random r;

    fw_random_init(&r, SEED);
    for (uint32_t i = 0; i < t->n; i++) {
        uint64_t from = (uint64_t)((unsigned __int128)n_elements * i / t->n);
        uint64_t to =
            (uint64_t)((unsigned __int128)n_elements * (i + 1) / t->n);

        t->coordinates[i] = from + fw_random_below(&r, to - from);
    }
}

fw_status fw_total_momentum_init(struct fw_total_momentum *t,
                                 uint64_t n_elements)
{
    *t = (struct fw_total_momentum){.value = NAN};
    if (n_elements == 0)
        return FW_OK;
    t->n =
        n_elements < FW_TOTAL_SAMPLES ? (uint32_t)n_elements : FW_TOTAL_SAMPLES;
    t->coordinates = fw_mem_array(t->n, sizeof(*t->coordinates));
    t->history =
        fw_mem_array((size_t)t->n * FW_TOTAL_HISTORY, sizeof(*t->history));
    t->versions = fw_mem_array(FW_TOTAL_HISTORY, sizeof(*t->versions));
    t->ratios = fw_mem_array(t->n, sizeof(*t->ratios));
    if (!t->coordinates || !t->history || !t->versions || !t->ratios) {
        fw_total_momentum_close(t);
        return FW_NOMEM;
    }
    for (uint32_t i = 0; i < FW_TOTAL_HISTORY; i++)
        t->versions[i] = NO_VALUE;
    choose(t, n_elements);
    return FW_OK;
}

void fw_total_momentum_close(struct fw_total_momentum *t)
{
    free(t->coordinates);
    free(t->history);
    free(t->versions);
    free(t->ratios);
    *t = (struct fw_total_momentum){.value = NAN};
}

/* The sampled parameters of a version; NULL if they are not kept. */
static const float *row(const struct fw_total_momentum *t, uint64_t version)
{
    uint64_t i = version % FW_TOTAL_HISTORY;

    return t->versions[i] == version ? t->history + i * t->n : NULL;
}

static void swap(double *a, double *b)
{
    double x = *a;

    *a = *b;
    *b = x;
}

/* The item of rank `want` among k (Hoare's selection): faster than sorting. */
static double select_rank(double *x, uint32_t k, uint32_t want)
{
    int64_t low = 0;
    int64_t high = (int64_t)k - 1;

    while (low < high) {
        double pivot = x[(low + high) / 2];
        int64_t i = low;
        int64_t j = high;

        while (i <= j) {
            for (; x[i] < pivot; i++)
                ;
            for (; x[j] > pivot; j--)
                ;
            if (i <= j)
                swap(&x[i++], &x[j--]);
        }
        if (want <= j)
            high = j;
        else if (want >= i)
            low = i;
        else
            break;
    }
    return x[want];
}

/* One median; NAN if too few coordinates moved or the history is too short. */
static double estimate(struct fw_total_momentum *t,
                       const struct fw_total_sample *s)
{
    const float *before = s->base > 0 ? row(t, s->base - 1) : NULL;
    const float *at = row(t, s->base);
    const float *after = row(t, s->base + 1);
    uint32_t k = 0;

    if (!before || !at || !after)
        return NAN;
    for (uint32_t i = 0; i < t->n; i++) {
        double move = (double)at[i] - before[i];
        double next = (double)after[i] - at[i] + s->rate * s->g[i];

        if (fabs(move) > TINIEST && isfinite(next / move))
            t->ratios[k++] = next / move;
    }
    return k < FEWEST ? NAN : select_rank(t->ratios, k, k / 2);
}

void fw_total_momentum_add(struct fw_total_momentum *t,
                           const struct fw_total_sample *sample)
{
    uint64_t i = sample->version % FW_TOTAL_HISTORY;
    double m;

    if (t->n == 0)
        return;
    memcpy(t->history + i * t->n, sample->w, t->n * sizeof(*t->history));
    t->versions[i] = sample->version;
    if (!sample->g || sample->base >= sample->version)
        return;
    m = estimate(t, sample);
    if (!isfinite(m))
        return;
    t->estimates++;
    t->value = isnan(t->value) ? m : t->value + WEIGHT * (m - t->value);
}
