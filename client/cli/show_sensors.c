#include "client/cli/show_sensors.h"

#include <math.h>

#include "client/cli/show.h"
#include "sdk/base/words.h"
#include "server/momentum/staleness.h"
#include "server/show/json.h"

#define ROWS_MAX 16 /* of the histogram */
#define BAR_MAX  40 /* columns of its longest bar */

typedef unsigned long long ull; /* for printf */

static void show_numbers(FILE *to, const struct fw_job_status *j)
{
    const struct fw_momentum_status *m = &j->momentum;
    char a[FW_SHOWN_BYTES];
    char b[FW_SHOWN_BYTES];
    char c[FW_SHOWN_BYTES];

    fprintf(to,
            "  workers     %u; implicit momentum %s predicted, %s by the "
            "trace, total %s measured\n",
            j->workers, fw_show_number(a, m->implicit_predicted, 3),
            fw_show_number(b, m->implicit_trace, 3),
            fw_show_number(c, m->total_measured, 3));
    fprintf(
        to,
        "  curvature   %g by %llu probe%s (%llu asked for, %llu refused; %s "
        "%% of gradients), %llu loss alarm%s\n",
        m->curvature, (ull)m->probes_used, fw_plural(m->probes_used),
        (ull)m->probes_asked, (ull)m->probes_refused,
        fw_show_number(a, fw_probe_share(j), 2), (ull)m->loss_alarms,
        fw_plural(m->loss_alarms));
    fprintf(to,
            "  step        %.4g effective, reference %.4g, stable up to %.4g "
            "(0: not known); learning rate %g\n",
            m->effective_step, m->reference_step, m->step_bound,
            m->learning_rate);
    fprintf(to, "  bound by    %s; twin %.2f ms\n",
            m->binding[0] ? m->binding : "nothing", m->twin_ms);
}

/* One row: `width` taus from `from` on; the last bar there can be is of all
 * that are more, where the geometric law has its tail. */
static void show_row(FILE *to, const struct fw_job_status *j, uint32_t from,
                     uint32_t width)
{
    const struct fw_staleness_status *s = &j->staleness;
    uint64_t measured = 0;
    double geometric = 0.0;
    double share;
    uint32_t end = from;
    char label[32];

    for (; end < from + width && end < s->n_histogram; end++) {
        measured += s->histogram[end];
        geometric += fw_staleness_geometric(j->workers, end);
    }
    if (end == FW_HISTOGRAM_MAX && j->workers > 1)
        geometric += pow(1.0 - 1.0 / j->workers, end); /* those above */
    share = (double)measured / (double)s->samples;
    if (end == FW_HISTOGRAM_MAX)
        snprintf(label, sizeof(label), "%u+", from);
    else if (end - from > 1)
        snprintf(label, sizeof(label), "%u-%u", from, end - 1);
    else
        snprintf(label, sizeof(label), "%u", from);
    fprintf(to, "    %-7s %6.2f %% %6.2f %%  ", label, 100.0 * share,
            100.0 * geometric);
    for (int i = 0; i < (int)lround(share * BAR_MAX); i++)
        fputc('#', to);
    fputc('\n', to);
}

static void show_staleness(FILE *to, const struct fw_job_status *j)
{
    const struct fw_staleness_status *s = &j->staleness;
    uint32_t width = (s->n_histogram + ROWS_MAX - 1) / ROWS_MAX;
    char a[FW_SHOWN_BYTES];
    char b[FW_SHOWN_BYTES];

    fprintf(to,
            "  staleness   mean %s, sd/mean %s, p50 %llu, p95 %llu, p99 %llu, "
            "of %llu gradient%s\n",
            fw_show_number(a, s->mean, 2),
            fw_show_number(b, s->deviation_ratio, 2), (ull)s->p50, (ull)s->p95,
            (ull)s->p99, (ull)s->samples, fw_plural(s->samples));
    if (s->samples == 0)
        return;
    fprintf(to, "    tau     measured geometric law of %u worker%s\n",
            j->workers, fw_plural(j->workers));
    for (uint32_t from = 0; from < s->n_histogram; from += width)
        show_row(to, j, from, width);
}

static void show_workers(FILE *to, const struct fw_job_status *j)
{
    char a[FW_SHOWN_BYTES];

    for (uint32_t i = 0; i < j->n_workers; i++) {
        const struct fw_worker_status *w = &j->worker[i];

        if (w->state == FW_WORKER_CONNECTED)
            fprintf(to, "    %-24s staleness mean %s, p95 %llu\n", w->name,
                    fw_show_number(a, w->staleness_mean, 2),
                    (ull)w->staleness_p95);
    }
}

void fw_show_sensors(FILE *to, const struct fw_job_status *j)
{
    show_numbers(to, j);
    show_staleness(to, j);
    show_workers(to, j);
}
