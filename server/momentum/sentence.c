#include "server/momentum/sentence.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sdk/base/words.h"

/* Changes smaller than this cannot be seen in the printed figures. */
#define SAME 0.0005

/* What happened, in words. */
static void event(const struct fw_decision *d, char *out, size_t size)
{
    static const struct {
        const char *cause;
        const char *verb;
    } verbs[] = {
        {"joined", "joined"},   {"left", "left"},      {"lost", "was lost"},
        {"groups", "expected"}, {"operator", "asked"},
    };

    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
        if (strcmp(d->cause, verbs[i].cause) == 0) {
            snprintf(out, size, "%s %s", d->who[0] ? d->who : "one",
                     verbs[i].verb);
            return;
        }
    }
    if (strcmp(d->cause, "trace") == 0)
        snprintf(out, size, "mean staleness %.1f", d->staleness_mean);
    else
        snprintf(out, size, "%s", d->cause);
}

static void head(const struct fw_decision *d, char *out, size_t size)
{
    char what[160];

    event(d, what, sizeof(what));
    if (strcmp(d->cause, "start") == 0)
        snprintf(out, size, "The job starts");
    else if (d->workers == 0)
        snprintf(out, size, "No workers (%s)", what);
    else
        snprintf(out, size, "%u worker%s (%s)", d->workers,
                 fw_plural(d->workers), what);
}

static void momentum(const struct fw_decision *d, const char *words, char *out,
                     size_t size)
{
    const char *law = fw_law_name(d->law);

    if (fabs(d->momentum_after - d->momentum_before) < SAME)
        snprintf(out, size, "momentum stays %.3g (law %s: %s)",
                 d->momentum_after, law, words);
    else
        snprintf(out, size, "momentum %.3g -> %.3g (law %s: %s)",
                 d->momentum_before, d->momentum_after, law, words);
}

static void rate(const struct fw_decision *d, const char *words, char *out,
                 size_t size)
{
    if (fabs(d->rate_after - d->rate_before) < SAME * d->rate_before)
        snprintf(out, size, "rate stays %.3g", d->rate_after);
    else
        snprintf(out, size, "rate %.3g -> %.3g %s", d->rate_before,
                 d->rate_after, words);
}

/* The operator's words at the end, cut to what there is room for. */
static void finish(struct fw_decision *d, const char *text)
{
    size_t n;

    snprintf(d->sentence, sizeof(d->sentence), "%s.", text);
    n = strlen(d->sentence);
    if (d->why[0])
        snprintf(d->sentence + n, sizeof(d->sentence) - n, " Why: %s.", d->why);
}

void fw_sentence_write(struct fw_decision *d, const char *momentum_words,
                       const char *rate_words)
{
    char who[192];
    char mu[192];
    char alpha[192];
    char text[640];

    head(d, who, sizeof(who));
    momentum(d, momentum_words, mu, sizeof(mu));
    rate(d, rate_words, alpha, sizeof(alpha));
    snprintf(text, sizeof(text), "%s: %s, %s", who, mu, alpha);
    finish(d, text);
}

void fw_sentence_hold(struct fw_decision *d, const char *reason)
{
    char who[192];
    char text[640];

    head(d, who, sizeof(who));
    snprintf(text, sizeof(text), "%s: %s; momentum %.3g and rate %.3g are held",
             who, reason, d->momentum_after, d->rate_after);
    finish(d, text);
}
