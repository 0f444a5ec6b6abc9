#include "server/momentum/staleness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void fw_staleness_add(struct fw_staleness *s, uint64_t tau)
{
    s->tau[s->next] = tau < UINT32_MAX ? (uint32_t)tau : UINT32_MAX;
    s->next = (s->next + 1) % FW_STALENESS_RING;
    if (s->n < FW_STALENESS_RING)
        s->n++;
    s->total++;
}

double fw_staleness_mean(const struct fw_staleness *s)
{
    double sum = 0.0;

    for (size_t i = 0; i < s->n; i++)
        sum += s->tau[i];
    return s->n ? sum / (double)s->n : 0.0;
}

static double deviation(const struct fw_staleness *s, double mean)
{
    double sum = 0.0;

    for (size_t i = 0; i < s->n; i++)
        sum += (s->tau[i] - mean) * (s->tau[i] - mean);
    return sqrt(sum / (double)s->n);
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

void fw_staleness_summarise(const struct fw_staleness *s,
                            struct fw_staleness_summary *out)
{
    uint32_t sorted[FW_STALENESS_RING];
    size_t last = s->n - 1;

    *out = (struct fw_staleness_summary){.n = s->n};
    if (!s->n)
        return;
    memcpy(sorted, s->tau, s->n * sizeof(*sorted));
    qsort(sorted, s->n, sizeof(*sorted), ascending);
    out->mean = fw_staleness_mean(s);
    if (out->mean > 0.0)
        out->deviation_ratio = deviation(s, out->mean) / out->mean;
    out->p50 = sorted[last * 50 / 100];
    out->p95 = sorted[last * 95 / 100];
    out->p99 = sorted[last * 99 / 100];
}

size_t fw_staleness_histogram(const struct fw_staleness *s, uint64_t *bars,
                              size_t n_bars)
{
    size_t used = 0;

    memset(bars, 0, n_bars * sizeof(*bars));
    for (size_t i = 0; i < s->n; i++) {
        size_t k = s->tau[i] < n_bars ? s->tau[i] : n_bars - 1;

        bars[k]++;
        if (k + 1 > used)
            used = k + 1;
    }
    return used;
}

double fw_staleness_geometric(double workers, uint64_t k)
{
    return pow(1.0 - 1.0 / workers, (double)k) / workers;
}
