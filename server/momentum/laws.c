#include "server/momentum/laws.h"

double fw_law_implicit(uint32_t workers)
{
    return workers > 1 ? 1.0 - 1.0 / workers : 0.0;
}

double fw_law_rate_keeping_step(const struct fw_controller_config *g, double mu)
{
    return g->reference_rate * (1.0 - mu) / (1.0 - g->reference_momentum);
}

/* The lowest momentum the job allows, never above its reference. */
static double floor_of(const struct fw_controller_config *g)
{
    double low = 0.0;

    if (g->allow_negative)
        low = g->floor < 0.0 ? g->floor : FW_FLOOR_DEFAULT;
    return low < g->reference_momentum ? low : g->reference_momentum;
}

struct fw_target fw_law_target(enum fw_law law,
                               const struct fw_controller_config *g,
                               uint32_t workers)
{
    double low = floor_of(g);
    double mu = g->reference_momentum - fw_law_implicit(workers);
    struct fw_target t = {g->reference_momentum, g->reference_rate,
                          "reference"};

    if (law != FW_LAW_COUNT || workers < 2)
        return t;
    t.binding = "workers";
    if (mu < low) {
        mu = low;
        t.binding = "floor";
    }
    t.momentum = mu;
    if (g->policy == FW_STEP_KEEP_EFFECTIVE)
        t.rate = fw_law_rate_keeping_step(g, mu);
    return t;
}
