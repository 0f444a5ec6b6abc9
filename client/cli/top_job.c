#include "client/cli/top_job.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/show.h"
#include "sdk/base/words.h"
#include "sdk/wire/tensor.h"

#define BAR_COLUMNS   40
#define STEP_HEADROOM 1.1 /* of the bar above what it shows */
#define LABEL_COLUMNS 13  /* left of texts that go on in a second line */
#define MS_PER_S      1000.0

typedef unsigned long long ull; /* for printf */

static fw_status say_what(struct fw_top_page *p, const struct fw_job_status *j)
{
    char a[FW_SHOWN_BYTES];
    char b[FW_SHOWN_BYTES];
    fw_status s;

    if (j->groups)
        snprintf(a, sizeof(a), " in %u group%s", j->groups,
                 fw_plural(j->groups));
    else
        a[0] = '\0';
    s = fw_top_say(
        p, FW_TOP_PLAIN, "%s: %s, version %llu (%llu on disk), %u worker%s%s",
        j->name,
        j->state == FW_JOB_WAITING ? "waits for parameters" : "training",
        (ull)j->version, (ull)j->durable_version, j->workers,
        fw_plural(j->workers), a);
    if (s == FW_OK)
        s = fw_top_say(p, FW_TOP_PLAIN,
                       "speed        %s gradients/s, %s samples/s; %llu "
                       "applied, %llu refused; %.0f worker-seconds",
                       fw_show_number(a, j->gradients_per_second, 1),
                       fw_show_number(b, j->samples_per_second, 0),
                       (ull)j->gradients_applied, (ull)j->gradients_refused,
                       j->worker_seconds);
    return s;
}

static fw_status say_trouble(struct fw_top_page *p,
                             const struct fw_job_status *j)
{
    fw_status s = FW_OK;

    if (j->checkpoint_failures >= FW_DEGRADED_FROM)
        s = fw_top_say(p, FW_TOP_BAD,
                       "DEGRADED     %u checkpoints in a row failed: %s",
                       j->checkpoint_failures, j->checkpoint_error);
    if (s == FW_OK && j->quarantined)
        s = fw_top_say(p, FW_TOP_WARN,
                       "quarantine   gradients of %u worker%s are refused: "
                       "flywheel workers release",
                       j->quarantined, fw_plural(j->quarantined));
    return s;
}

static fw_status say_loss(struct fw_top_page *p, const struct fw_top_model *m)
{
    const struct fw_loss_status *l = &m->status.loss;
    char drawn[FW_DRAWN_BYTES];
    char a[FW_SHOWN_BYTES];
    char b[FW_SHOWN_BYTES];
    char c[FW_SHOWN_BYTES];

    return fw_top_say(
        p, FW_TOP_PLAIN,
        "loss         %s training, %s validation, accuracy %s  %s",
        fw_show_loss(a, l->training), fw_show_loss(b, l->validation),
        fw_show_number(c, l->accuracy, 4),
        fw_text_spark(m->loss.values, m->loss.n, p->utf8, drawn));
}

/* The sentence of the last decision, as many lines as it takes. */
static fw_status say_decision(struct fw_top_page *p,
                              const struct fw_job_status *j)
{
    const char *rest = j->momentum.sentence;
    const char *label = "decision";
    size_t room =
        p->width > 2 * LABEL_COLUMNS ? p->width - LABEL_COLUMNS : p->width;
    fw_status s = FW_OK;

    while (s == FW_OK && *rest) {
        size_t n = strlen(rest);

        if (n > room) {
            for (n = room; n > 0 && rest[n] != ' '; n--)
                ;
            n = n ? n : room; /* a word of more than a line */
        }
        s = fw_top_say(p, FW_TOP_PLAIN, "%-*s%.*s", LABEL_COLUMNS, label,
                       (int)n, rest);
        rest += n + (rest[n] == ' ');
        label = "";
    }
    return s;
}

struct meter {
    const char *label;
    double value;
    const char *note;
};

static fw_status say_momentum(struct fw_top_page *p,
                              const struct fw_job_status *j)
{
    const struct fw_momentum_status *m = &j->momentum;
    const struct meter meters[] = {
        {"explicit", m->momentum, "in use"},
        {"implicit", m->implicit_predicted, "predicted from the workers"},
        {"", m->implicit_trace, "by the measured staleness"},
        {"total", m->total_measured, "measured"},
        {"target", m->target, "where the law wants it"},
    };
    double low = 0.0;
    fw_status s = FW_OK;

    for (size_t i = 0; i < sizeof(meters) / sizeof(meters[0]); i++) {
        if (meters[i].value < 0.0)
            low = -1.0; /* one scale for all of them */
    }
    for (size_t i = 0; s == FW_OK && i < sizeof(meters) / sizeof(meters[0]);
         i++) {
        struct fw_bar bar = {meters[i].value,       low,         1.0,
                             low < 0.0 ? 0.0 : NAN, BAR_COLUMNS, p->utf8};
        char drawn[FW_DRAWN_BYTES];
        char a[FW_SHOWN_BYTES];

        s = fw_top_say(p, FW_TOP_PLAIN, "%-12s %s %6s %s", meters[i].label,
                       fw_text_bar(&bar, drawn),
                       fw_show_number(a, meters[i].value, 3), meters[i].note);
    }
    return s;
}

static fw_status say_law(struct fw_top_page *p, const struct fw_job_status *j)
{
    const struct fw_momentum_status *m = &j->momentum;

    return fw_top_say(p, FW_TOP_PLAIN,
                      "law          %s, learning rate %g, bound by %s; "
                      "reference momentum %.3f",
                      fw_law_name(m->law), m->learning_rate,
                      m->binding[0] ? m->binding : "nothing", m->reference);
}

static fw_status say_step(struct fw_top_page *p, const struct fw_job_status *j)
{
    const struct fw_momentum_status *m = &j->momentum;
    bool bound = m->step_bound > 0.0;
    double most = fmax(m->effective_step, bound ? m->step_bound : 0.0);
    struct fw_bar bar = {.value = m->effective_step,
                         .high = most > 0.0 ? STEP_HEADROOM * most : 1.0,
                         .mark = bound ? m->step_bound : NAN,
                         .columns = BAR_COLUMNS,
                         .utf8 = p->utf8};
    char drawn[FW_DRAWN_BYTES];
    char a[FW_SHOWN_BYTES] = "not known";

    if (bound)
        snprintf(a, sizeof(a), "%.4g", m->step_bound);
    return fw_top_say(p,
                      bound && m->effective_step > m->step_bound ? FW_TOP_BAD
                                                                 : FW_TOP_PLAIN,
                      "step         %s %.4g effective; bound %s",
                      fw_text_bar(&bar, drawn), m->effective_step, a);
}

static fw_status say_staleness(struct fw_top_page *p,
                               const struct fw_top_model *m)
{
    const struct fw_staleness_status *t = &m->status.staleness;
    double bars[FW_HISTOGRAM_MAX];
    uint32_t n =
        t->n_histogram < FW_DRAWN_COLUMNS ? t->n_histogram : FW_DRAWN_COLUMNS;
    char drawn[FW_DRAWN_BYTES];
    char a[FW_SHOWN_BYTES];
    fw_status s;

    s = fw_top_say(
        p, FW_TOP_PLAIN,
        "staleness    mean %s, p50 %llu, p95 %llu, p99 %llu  %s",
        fw_show_number(a, t->samples ? t->mean : NAN, 2), (ull)t->p50,
        (ull)t->p95, (ull)t->p99,
        fw_text_spark(m->staleness.values, m->staleness.n, p->utf8, drawn));
    for (uint32_t i = 0; i < n; i++)
        bars[i] = (double)t->histogram[i];
    if (s == FW_OK && n)
        s = fw_top_say(p, FW_TOP_PLAIN, "  0 to %-5u %s", n - 1,
                       fw_text_spark(bars, n, p->utf8, drawn));
    return s;
}

fw_status fw_top_say_job(struct fw_top_page *p, const struct fw_top_model *m)
{
    const struct fw_job_status *j = &m->status;
    fw_status s;

    if (!m->has_status)
        return fw_top_say(p, FW_TOP_FAINT, "%s: no status yet", m->job);
    s = say_what(p, j);
    if (s == FW_OK)
        s = say_trouble(p, j);
    if (s == FW_OK)
        s = say_loss(p, m);
    if (s == FW_OK)
        s = say_decision(p, j);
    if (s == FW_OK)
        s = say_momentum(p, j);
    if (s == FW_OK)
        s = say_law(p, j);
    if (s == FW_OK)
        s = say_step(p, j);
    if (s == FW_OK)
        s = say_staleness(p, m);
    return s;
}

/* What an operator may make of fw_top_why()'s word. */
static const char *advice(const char *why)
{
    static const struct {
        const char *why;
        const char *advice;
    } known[] = {
        {"quarantined", "its gradients were NaN or outliers; look at its data, "
                        "then flywheel workers release"},
        {"silent", "no message for a while: its network, or it computes long"},
        {"refused", "many of its gradients are refused: its log says why"},
        {"slow", "below half of the mean rate: its machine or its uplink"},
        {"stale", "its gradients come late: a slow machine or a slow uplink"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].why, why) == 0)
            return known[i].advice;
    }
    return "nothing holds it back";
}

static fw_status say_pace(struct fw_top_page *p, const struct fw_job_status *j,
                          const struct fw_worker_status *w)
{
    double mean = j->workers ? j->gradients_per_second / j->workers : 0.0;
    struct fw_bar rate = {.value = w->gradients_per_second,
                          .high = fmax(2.0 * mean, w->gradients_per_second),
                          .mark = mean,
                          .columns = BAR_COLUMNS,
                          .utf8 = p->utf8};
    struct fw_bar late = {.value = w->staleness_mean,
                          .high =
                              fmax(2.0 * j->staleness.mean, w->staleness_mean),
                          .mark = j->staleness.mean,
                          .columns = BAR_COLUMNS,
                          .utf8 = p->utf8};
    char drawn[FW_DRAWN_BYTES];
    char a[FW_SHOWN_BYTES];
    fw_status s;

    if (!(rate.high > 0.0))
        rate.high = 1.0;
    if (!(late.high > 0.0))
        late.high = 1.0;
    s = fw_top_say(p, FW_TOP_PLAIN, "rate         %s %s gradients/s; mean %.1f",
                   fw_text_bar(&rate, drawn),
                   fw_show_number(a, w->gradients_per_second, 1), mean);
    if (s == FW_OK)
        s = fw_top_say(
            p, FW_TOP_PLAIN, "staleness    %s %s, p95 %llu; of the job %.2f",
            fw_text_bar(&late, drawn), fw_show_number(a, w->staleness_mean, 2),
            (ull)w->staleness_p95, j->staleness.mean);
    return s;
}

fw_status fw_top_say_worker(struct fw_top_page *p, const struct fw_top_model *m)
{
    const struct fw_worker_status *w = fw_top_worker(m);
    const struct fw_job_status *j = &m->status;
    fw_status s;

    if (!w)
        return fw_top_say(p, FW_TOP_FAINT, "%s: not in the job %s any more",
                          m->worker, m->job);
    s = fw_top_say(p, FW_TOP_PLAIN, "%s of %s: %s, group %u, %s on the wire",
                   w->name, j->name, fw_show_worker_state(w), w->group,
                   fw_dtype_name(w->wire_dtype));
    if (s == FW_OK)
        s = fw_top_say(
            p, FW_TOP_PLAIN,
            "gradients    %llu applied, %llu refused, %llu strike%s; "
            "%llu sample%s",
            (ull)w->gradients, (ull)w->refused, (ull)w->strikes,
            fw_plural(w->strikes), (ull)w->samples, fw_plural(w->samples));
    if (s == FW_OK)
        s = fw_top_say(p, FW_TOP_PLAIN,
                       "last         heard %.1f s ago; gradient of version "
                       "%llu, the model is at %llu",
                       (double)w->silent_ms / MS_PER_S, (ull)w->base_version,
                       (ull)j->version);
    if (s == FW_OK)
        s = say_pace(p, j, w);
    if (s == FW_OK && w->state == FW_WORKER_CONNECTED)
        s = fw_top_say(p, fw_top_why(j, w)[0] ? FW_TOP_WARN : FW_TOP_FAINT,
                       "why slow     %s", advice(fw_top_why(j, w)));
    return s;
}
