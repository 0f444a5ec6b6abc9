#include "server/job/gate.h"

#include <math.h>
#include <string.h>

#define LEAST_SEEN    16u  /* norms before one can be called an outlier */
#define RATIO_DEFAULT 10.0 /* times the median */
#define STRIKE_WINDOW 100u /* gradients of a worker in which strikes count */

void fw_gate_init(struct fw_gate *g, const struct fw_limits_spec *limits)
{
    double ratio = limits->outlier_norm;

    *g = (struct fw_gate){.reject = limits->outlier_reject};
    g->ratio = ratio < 0.0 ? 0.0 : ratio > 0.0 ? ratio : RATIO_DEFAULT;
}

/* So many times the outlier ratio times the norm at this place of the sorted.
 */
static double limit_at(const struct fw_gate *g, uint32_t at, double times)
{
    if (g->ratio == 0.0 || g->n < LEAST_SEEN || g->sorted[at] <= 0.0)
        return INFINITY;
    return times * g->ratio * g->sorted[at];
}

double fw_gate_limit(const struct fw_gate *g)
{
    return limit_at(g, g->n / 2, 1.0);
}

double fw_gate_gross(const struct fw_gate *g)
{
    return limit_at(g, g->n - 1 - g->n / 4, FW_GATE_GROSS);
}

/* Where `x` stands or belongs among the sorted. */
static uint32_t place(const struct fw_gate *g, double x)
{
    uint32_t low = 0;
    uint32_t high = g->n;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (g->sorted[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void forget_oldest(struct fw_gate *g)
{
    uint32_t at = place(g, g->ring[g->next]);

    g->n--;
    memmove(&g->sorted[at], &g->sorted[at + 1],
            (g->n - at) * sizeof(g->sorted[0]));
}

void fw_gate_add(struct fw_gate *g, double norm)
{
    uint32_t at;

    if (!isfinite(norm))
        return;
    if (g->n == FW_GATE_KEPT)
        forget_oldest(g);
    at = place(g, norm);
    memmove(&g->sorted[at + 1], &g->sorted[at],
            (g->n - at) * sizeof(g->sorted[0]));
    g->sorted[at] = norm;
    g->ring[g->next] = norm;
    g->next = (g->next + 1) % FW_GATE_KEPT;
    g->n++;
}

bool fw_gate_strike(struct fw_session *w, uint64_t sequence)
{
    memmove(&w->strike[0], &w->strike[1],
            (FW_STRIKES - 1) * sizeof(w->strike[0]));
    w->strike[FW_STRIKES - 1] = sequence;
    w->strikes++;
    if (!w->strike[0] || sequence - w->strike[0] >= STRIKE_WINDOW ||
        w->quarantined)
        return false;
    w->quarantined = true;
    return true;
}
