#include "tests/unit/nets_double/differences.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static double quotient(const struct function *f, size_t i)
{
    double x = f->x[i];
    double above;
    double below;

    f->x[i] = x + DIFFERENCE_STEP;
    above = f->value(f->user);
    f->x[i] = x - DIFFERENCE_STEP;
    below = f->value(f->user);
    f->x[i] = x;
    return (above - below) / (2 * DIFFERENCE_STEP);
}

void assert_is_derivative(const struct function *f, const double *slope,
                          size_t samples)
{
    size_t stride = samples < f->n ? f->n / samples : 1;
    double largest = 0.0;

    for (size_t i = 0; i < f->n; i++)
        largest = fmax(largest, fabs(slope[i]));
    assert_true(largest > 0.0 && isfinite(largest));
    for (size_t i = 0; i < f->n; i += stride) {
        double q = quotient(f, i);

        if (!(fabs(q - slope[i]) <= TOLERANCE * largest))
            fail_msg("variable %zu: %.12g by differences, %.12g by the layer",
                     i, q, slope[i]);
    }
}
