#include <math.h>

#include "client/nets/loss.h"

static size_t largest(const fw_real *y, size_t width)
{
    size_t best = 0;

    for (size_t k = 1; k < width; k++) {
        if (y[k] > y[best])
            best = k;
    }
    return best;
}

/* Less the largest before exp, so that nothing overflows. */
static double loss_of(const struct fw_scores *s, size_t row)
{
    const fw_real *y = s->y + row * s->width;
    size_t label = (size_t)s->labels[row];
    double top = y[largest(y, s->width)];
    double sum = 0.0;

    for (size_t k = 0; k < s->width; k++)
        sum += exp((double)y[k] - top);
    if (s->dy) {
        fw_real *dy = s->dy + row * s->width;

        for (size_t k = 0; k < s->width; k++) {
            double share = exp((double)y[k] - top) / sum;

            dy[k] = (fw_real)((share - (k == label)) / (double)s->n);
        }
    }
    return log(sum) + top - (double)y[label];
}

double fw_loss_softmax(const struct fw_scores *s)
{
    double loss = 0.0;

    for (size_t row = 0; row < s->n; row++)
        loss += loss_of(s, row);
    return loss;
}

size_t fw_loss_correct(const struct fw_scores *s)
{
    size_t correct = 0;

    for (size_t row = 0; row < s->n; row++) {
        size_t guess = largest(s->y + row * s->width, s->width);

        correct += guess == (size_t)s->labels[row];
    }
    return correct;
}
