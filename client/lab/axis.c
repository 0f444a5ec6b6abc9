#include "client/lab/axis.h"

#include <math.h>

#define STEPS 6 /* ticks wished for */

void fw_axis_take(struct fw_axis *a, double x)
{
    if (!isfinite(x) || (a->log && x <= 0.0))
        return;
    a->low = fmin(a->low, x);
    a->high = fmax(a->high, x);
}

/* 1, 2 or 5 times a power of ten, at least x. */
static double round_step(double x)
{
    double power = pow(10.0, floor(log10(x)));

    if (x <= power)
        return power;
    if (x <= 2.0 * power)
        return 2.0 * power;
    return x <= 5.0 * power ? 5.0 * power : 10.0 * power;
}

static void linear(struct fw_axis *a)
{
    double step = round_step((a->high - a->low) / STEPS);
    double first = floor(a->low / step + 1e-9);
    double last = ceil(a->high / step - 1e-9);

    a->low = first * step;
    a->high = last * step;
    for (double i = first; i <= last && a->n_ticks < FW_AXIS_TICKS_MAX; i++)
        a->ticks[a->n_ticks++] = i * step;
}

static void logarithmic(struct fw_axis *a)
{
    static const double parts[] = {1.0, 2.0, 5.0};
    int first = (int)floor(log10(a->low) + 1e-9);
    int last = (int)ceil(log10(a->high) - 1e-9);
    bool fine = last - first <= 2;

    for (int e = first; e <= last; e++) {
        for (int k = 0; k < (fine ? 3 : 1); k++) {
            double x = parts[k] * pow(10.0, e);

            if (x >= a->low * 0.999 && x <= a->high * 1.001 &&
                a->n_ticks < FW_AXIS_TICKS_MAX)
                a->ticks[a->n_ticks++] = x;
        }
    }
}

void fw_axis_finish(struct fw_axis *a)
{
    a->n_ticks = 0;
    if (!(a->low <= a->high)) {
        a->low = a->log ? 1.0 : 0.0;
        a->high = a->log ? 10.0 : 1.0;
    }
    if (a->low == a->high) {
        a->low -= a->log ? a->low / 2.0 : fmax(fabs(a->low) / 2.0, 0.5);
        a->high += a->log ? a->high : fmax(fabs(a->high) / 2.0, 0.5);
    }
    if (a->log)
        logarithmic(a);
    else
        linear(a);
}

double fw_axis_place(const struct fw_axis *a, double x)
{
    double part;

    if (!isfinite(x) || (a->log && x <= 0.0))
        return NAN;
    part = a->log ? log(x / a->low) / log(a->high / a->low)
                  : (x - a->low) / (a->high - a->low);
    return a->from + fmin(fmax(part, 0.0), 1.0) * (a->to - a->from);
}
