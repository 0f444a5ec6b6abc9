#include "server/job/schedule.h"

#include <math.h>

double fw_schedule_factor(const struct fw_schedule_spec *s, uint64_t version)
{
    const double pi = 3.141592653589793;
    uint64_t t;
    uint64_t steps;
    double x;

    if (version < s->warmup)
        return (double)(version + 1) / (double)s->warmup;
    t = version - s->warmup;
    switch (s->kind) {
    case FW_SCHEDULE_STEP:
        steps = t / s->period;
        return pow(s->factor, (double)steps);
    case FW_SCHEDULE_COSINE:
        x = t < s->period ? (double)t / (double)s->period : 1.0;
        return s->final + (1.0 - s->final) * 0.5 * (1.0 + cos(pi * x));
    case FW_SCHEDULE_CONSTANT:
        break;
    }
    return 1.0;
}
