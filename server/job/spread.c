#include "server/job/spread.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const struct fw_spread_item *x = a;
    const struct fw_spread_item *y = b;

    if (x->worker != y->worker)
        return (x->worker > y->worker) - (x->worker < y->worker);
    return (x->tau > y->tau) - (x->tau < y->tau);
}

void fw_spread_init(struct fw_spread *s, const struct fw_staleness *trace)
{
    s->n = trace->n;
    for (uint32_t i = 0; i < s->n; i++)
        s->items[i] =
            (struct fw_spread_item){trace->ring[i].worker, trace->ring[i].tau};
    qsort(s->items, s->n, sizeof(s->items[0]), compare);
}

/* The first item of `worker` or of one behind it. */
static uint32_t first_of(const struct fw_spread *s, uint64_t worker)
{
    uint32_t low = 0;
    uint32_t high = s->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (s->items[middle].worker < worker)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t fw_spread_percentile(const struct fw_spread *s, uint32_t worker,
                              uint32_t percent)
{
    uint32_t first = first_of(s, worker);
    uint32_t n = first_of(s, (uint64_t)worker + 1) - first;

    if (n == 0 || percent == 0)
        return 0;
    return s->items[first + (n * percent + 99) / 100 - 1].tau;
}
