#include "client/lab/halving.h"

#include <math.h>
#include <stdlib.h>

#include "sdk/base/mem.h"

#define ROUNDS 3u   /* of the race */
#define SHARE  3u   /* of how many one goes on */
#define LEAST  4u   /* candidates in the last round */
#define NEAR   1.02 /* of the best loss: as good */

size_t fw_candidates_spread(struct fw_candidate *out, double low, double high)
{
    static const double momenta[] = {0.0, 0.5, 0.8, 0.9, 0.95};
    size_t n = 0;

    for (size_t m = 0; m < sizeof(momenta) / sizeof(momenta[0]); m++) {
        for (int k = 0; n < FW_CANDIDATES_MAX; k++) {
            double rate = low * pow(10.0, k / 2.0);

            if (rate > high * 1.001)
                break;
            out[n++] = (struct fw_candidate){
                .momentum = momenta[m], .rate = rate, .loss = INFINITY};
        }
    }
    return n;
}

static int by_loss(const void *a, const void *b)
{
    double x = ((const struct fw_candidate *)a)->loss;
    double y = ((const struct fw_candidate *)b)->loss;

    return (x > y) - (x < y);
}

/* One round: each candidate anew, for `updates` updates. */
static fw_status race(const struct fw_study *base, uint64_t updates,
                      struct fw_candidate *c, size_t n, struct fw_err *err)
{
    const struct fw_cell alone = {.workers = 1};
    struct fw_arm *arms = fw_mem_array(n, sizeof(*arms));
    struct fw_study s = *base;
    fw_status status;

    if (!arms)
        return fw_err_set(err, FW_NOMEM, "no memory for the search");
    for (size_t i = 0; i < n; i++)
        arms[i] = fw_arm_manual(c[i].momentum, c[i].rate);
    s.cells = &alone;
    s.n_cells = 1;
    s.arms = arms;
    s.n_arms = n;
    s.target_loss = NAN;
    s.max_updates = updates;
    s.max_time = INFINITY;
    s.validate = false;
    status = fw_study_run(&s, NULL, err);
    for (size_t i = 0; i < n && status == FW_OK; i++) {
        struct fw_summary m;

        fw_study_summarise(&s, 0, i, &m);
        c[i].loss = m.diverged || !isfinite(m.loss) ? INFINITY : m.loss;
        c[i].updates = updates;
    }
    if (status == FW_OK)
        fw_study_close(&s);
    free(arms);
    if (status == FW_OK)
        qsort(c, n, sizeof(*c), by_loss);
    return status;
}

/* Of those about as good as the first, the one with the smallest step becomes
 * the first. */
static void prefer_small_steps(struct fw_candidate *c, size_t n)
{
    size_t best = 0;
    struct fw_candidate swap;

    for (size_t i = 1; i < n && c[i].loss <= NEAR * c[0].loss; i++) {
        if (c[i].rate / (1.0 - c[i].momentum) <
            c[best].rate / (1.0 - c[best].momentum))
            best = i;
    }
    swap = c[0];
    c[0] = c[best];
    c[best] = swap;
}

fw_status fw_halving_run(const struct fw_study *base, uint64_t last_updates,
                         struct fw_candidate *c, size_t n, size_t *n_last,
                         struct fw_err *err)
{
    uint64_t updates = last_updates;
    fw_status s = FW_OK;

    for (uint32_t i = 1; i < ROUNDS; i++)
        updates /= SHARE;
    for (uint32_t i = 0; i < ROUNDS && s == FW_OK; i++) {
        struct fw_study round = *base;

        if (i + 1 < ROUNDS)
            round.n_seeds = 1; /* a first look */
        s = race(&round, updates ? updates : 1, c, n, err);
        updates *= SHARE;
        *n_last = n;
        if (n > LEAST)
            n = n / SHARE > LEAST ? n / SHARE : LEAST;
    }
    if (s == FW_OK && isinf(c[0].loss))
        s = fw_err_set(err, FW_INVALID,
                       "training diverges with every momentum and learning "
                       "rate; look at the data, or try smaller rates");
    if (s == FW_OK)
        prefer_small_steps(c, *n_last);
    return s;
}
