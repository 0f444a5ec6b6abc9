/* differences.h - a gradient against central finite differences, in double.
 *
 * With step h the difference quotient of a function of size f is wrong by
 * about 1e-16 f / h (rounding) and h^2 f''' / 6 (truncation).  At h = 1e-6 and
 * f of 1 to 10 that is some 1e-9 and some 1e-12, so a tolerance of 1e-6 of the
 * largest slope leaves a factor of 100 and more, while a wrong sign, factor or
 * index is wrong in the first digit.  A kink (ReLU, pool) that lies within h of
 * a value would show; seeds are fixed, so it does or does not, always.
 *
 * Layer: tests.  Thread: one.  Nothing is owned. */
#ifndef FW_TESTS_DIFFERENCES_H
#define FW_TESTS_DIFFERENCES_H

#include <stddef.h>

#define DIFFERENCE_STEP 1e-6
#define TOLERANCE       1e-6

struct function {
    double (*value)(void *user); /* at *x as it is now */
    void *user;
    double *x; /* n variables; changed and put back */
    size_t n;
};

/* Fail the test unless `slope` [n] is the derivative, at `samples` places
 * spread over x (all of them if that is more than n). */
void assert_is_derivative(const struct function *f, const double *slope,
                          size_t samples);

#endif
