#include "server/momentum/twin.h"

#include <math.h>
#include <string.h>

#include "sdk/base/mem.h"

/* Momenta that are replayed side by side; a row of the history is one cache
 * line, so the delayed read costs no more than for one momentum. */
#define LANES 8

/* Updates between looks at the size of x.  Growth is at most some 200 a step
 * within the range searched, so that squares stay finite for this long. */
#define BLOCK 32

#define LOWEST     1e-7  /* range of s searched: 10,000 workers ... */
#define HIGHEST    1e3   /* ... to one worker at momentum 0.99 */
#define BISECTIONS 20    /* leaves 23.03/2^20, a factor of 1.00002 */
#define BIG        1e20  /* x is brought back to about 1 beyond this */
#define CERTAIN    500.0 /* log growth that no stable trace comes back from */
#define FEWEST     2048  /* updates replayed at least */
#define MOST       131072
#define DELAYS     64 /* mean delays replayed at least */

/* One replay of the trace for LANES pairs of momentum and step. */
struct replay {
    const struct fw_twin_problem *problem; /* lent */
    double (*history)[LANES];              /* owned; x of the last versions */
    size_t mask;                           /* its rows less 1 */
    double first[LANES];                   /* x before all of them */
    double mu[LANES];
    double step[LANES]; /* s(1 - mu) */
    double v[LANES];
    double x[LANES];
    double scale[LANES];  /* log of what x was divided by */
    double energy[LANES]; /* sum of x^2 over the current block */
};

/* Set everything to x = 1, at rest. */
static void begin(struct replay *r)
{
    for (size_t i = 0; i <= r->mask; i++) {
        for (int l = 0; l < LANES; l++)
            r->history[i][l] = 1.0;
    }
    for (int l = 0; l < LANES; l++) {
        r->first[l] = 1.0;
        r->v[l] = 0.0;
        r->x[l] = 1.0;
        r->scale[l] = 0.0;
    }
}

/* Updates from + 1 ... from + BLOCK of x. */
static void advance(struct replay *r, size_t from)
{
    const struct fw_twin_problem *p = r->problem;
    size_t at = from % p->n_trace;

    memset(r->energy, 0, sizeof(r->energy));
    for (size_t t = from; t < from + BLOCK; t++) {
        size_t tau = p->trace[at];
        const double *old =
            tau < r->mask ? r->history[(t - tau) & r->mask] : r->first;
        double *now = r->history[(t + 1) & r->mask];

        for (int l = 0; l < LANES; l++) {
            r->v[l] = r->mu[l] * r->v[l] - r->step[l] * old[l];
            r->x[l] += r->v[l];
            now[l] = r->x[l];
            r->energy[l] += r->x[l] * r->x[l];
        }
        if (++at == p->n_trace)
            at = 0;
    }
}

/* Bring lane `l` back to about 1 if it has grown or shrunk far. */
static void renormalise(struct replay *r, int l)
{
    double size = fmax(fabs(r->x[l]), fabs(r->v[l]));

    if (size < BIG && size > 1.0 / BIG)
        return;
    if (!(size > 0.0) || !isfinite(size))
        return;
    for (size_t i = 0; i <= r->mask; i++)
        r->history[i][l] /= size;
    r->first[l] /= size;
    r->x[l] /= size;
    r->v[l] /= size;
    r->scale[l] += log(size);
}

/* log(exp(a) + exp(b)) */
static double log_add(double a, double b)
{
    double high = fmax(a, b);

    return isinf(high) ? high : high + log(exp(a - high) + exp(b - high));
}

/* Log of the energy of two windows, near the start and at the end, and what
 * lies between them tells growth from decay: grows[l]. */
static void grows(struct replay *r, bool *unstable)
{
    size_t updates = r->problem->updates;
    double early[LANES];
    double late[LANES];
    bool gone[LANES] = {false};

    begin(r);
    for (int l = 0; l < LANES; l++) {
        early[l] = -INFINITY;
        late[l] = -INFINITY;
    }
    for (size_t t = 0; t < updates; t += BLOCK) {
        bool is_early = t >= updates / 8 && t < updates / 4;
        bool is_late = t >= updates - updates / 8;

        advance(r, t);
        for (int l = 0; l < LANES; l++) {
            double e = log(r->energy[l]) + 2.0 * r->scale[l];

            if (is_early)
                early[l] = log_add(early[l], e);
            if (is_late)
                late[l] = log_add(late[l], e);
            renormalise(r, l);
            gone[l] =
                gone[l] || !isfinite(r->energy[l]) || r->scale[l] > CERTAIN;
        }
    }
    for (int l = 0; l < LANES; l++)
        unstable[l] = gone[l] || late[l] > early[l];
}

/* Bisect log s for up to LANES momenta at once. */
static void bisect(struct replay *r, const double *momenta, size_t n,
                   double *limits)
{
    double low[LANES];
    double high[LANES];
    bool unstable[LANES];

    for (size_t l = 0; l < LANES; l++) {
        r->mu[l] = momenta[l < n ? l : 0];
        low[l] = log(LOWEST);
        high[l] = log(HIGHEST);
    }
    for (int i = 0; i < BISECTIONS; i++) {
        for (int l = 0; l < LANES; l++)
            r->step[l] = exp((low[l] + high[l]) / 2.0) * (1.0 - r->mu[l]);
        grows(r, unstable);
        for (int l = 0; l < LANES; l++)
            *(unstable[l] ? &high[l] : &low[l]) = (low[l] + high[l]) / 2.0;
    }
    for (size_t l = 0; l < n; l++)
        limits[l] = exp((low[l] + high[l]) / 2.0);
}

/* Rows for the longest delay that ever reads what was written, as a power of
 * two; one worker that stood still must not cost 16 MiB. */
static size_t rows(const struct fw_twin_problem *p)
{
    size_t most = p->updates < p->n_trace ? p->updates : p->n_trace;
    size_t longest = 0;
    size_t n = 1;

    for (size_t i = 0; i < most; i++) {
        size_t tau = p->trace[i];

        longest = tau > longest && tau < p->updates ? tau : longest;
    }
    while (n < longest + 2)
        n *= 2;
    return n;
}

fw_status fw_twin_limits(const struct fw_twin_problem *p, const double *momenta,
                         size_t n, double *limits)
{
    struct replay r = {.problem = p};
    size_t n_rows;
    size_t bytes;

    if (p->n_trace == 0 || p->updates == 0)
        return FW_INVALID;
    for (size_t i = 0; i < n; i++) {
        if (!(fabs(momenta[i]) < 1.0))
            return FW_INVALID;
    }
    n_rows = rows(p);
    r.mask = n_rows - 1;
    r.history = fw_mem_borrow(n_rows, sizeof(*r.history), &bytes);
    if (!r.history)
        return FW_NOMEM;
    for (size_t i = 0; i < n; i += LANES)
        bisect(&r, momenta + i, n - i < LANES ? n - i : LANES, limits + i);
    fw_mem_return(r.history, bytes);
    return FW_OK;
}

static double mean_of(const uint32_t *trace, uint32_t n)
{
    double sum = 0.0;

    for (uint32_t i = 0; i < n; i++)
        sum += trace[i];
    return sum / n;
}

/* Standard deviation by mean; 0 if the mean is 0. */
static double ratio_of(const uint32_t *trace, uint32_t n, double mean)
{
    double squares = 0.0;

    for (uint32_t i = 0; i < n; i++)
        squares += (trace[i] - mean) * (trace[i] - mean);
    return mean > 0.0 ? sqrt(squares / n) / mean : 0.0;
}

void fw_twin_run(const struct fw_twin_input *in, struct fw_twin_result *out)
{
    struct fw_twin_problem p = {in->trace, in->n_trace, in->updates};

    *out =
        (struct fw_twin_result){.ticket = in->ticket, .workers = in->workers};
    if (in->n_trace == 0 || in->n_trace > FW_TWIN_TRACE || in->n_momenta == 0 ||
        in->n_momenta > FW_TWIN_MOMENTA)
        return;
    out->n_momenta = in->n_momenta;
    memcpy(out->momenta, in->momenta, sizeof(out->momenta));
    out->trace_mean = mean_of(in->trace, in->n_trace);
    out->trace_ratio = ratio_of(in->trace, in->n_trace, out->trace_mean);
    if (p.updates == 0)
        p.updates = (size_t)fmin(fmax(FEWEST, DELAYS * out->trace_mean), MOST);
    out->ok =
        fw_twin_limits(&p, in->momenta, in->n_momenta, out->limits) == FW_OK;
}

double fw_twin_limit(const struct fw_twin_result *r, double momentum)
{
    uint32_t i = 1;
    double part;

    if (!r->ok || !isfinite(momentum))
        return NAN;
    if (r->n_momenta == 1 || momentum <= r->momenta[0])
        return r->limits[0];
    while (i < r->n_momenta - 1 && momentum > r->momenta[i])
        i++;
    if (momentum >= r->momenta[i])
        return r->limits[i];
    part = (momentum - r->momenta[i - 1]) / (r->momenta[i] - r->momenta[i - 1]);
    return exp((1.0 - part) * log(r->limits[i - 1]) + part * log(r->limits[i]));
}
