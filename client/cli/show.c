#include "client/cli/show.h"

#include <math.h>

#include "sdk/base/words.h"
#include "sdk/wire/tensor.h"

const char *fw_show_number(char out[FW_SHOWN_BYTES], double x, int digits)
{
    if (isfinite(x))
        snprintf(out, FW_SHOWN_BYTES, "%.*f", digits, x);
    else
        snprintf(out, FW_SHOWN_BYTES, "-");
    return out;
}

const char *fw_show_loss(char out[FW_SHOWN_BYTES], double x)
{
    const double whole = 999.95; /* from here on no point ends the number */
    const double large = 9999.5; /* from here on it has an exponent */
    const double little = 0.001; /* below it are many zeros or an exponent */
    double size = fabs(x);
    int digits = (size >= little && size < large ? 4 : 3) - (x < 0.0);

    if (isfinite(x))
        snprintf(out, FW_SHOWN_BYTES,
                 x == 0.0 || size >= whole ? "%.*g" : "%#.*g", digits, x);
    else
        snprintf(out, FW_SHOWN_BYTES, "-");
    return out;
}

/* Rates that the job keeps to, and what that cost its workers. */
static void show_rates(FILE *to, const struct fw_quota_status *q)
{
    char bytes[32] = "any";
    char gradients[32] = "any";

    if (q->granted.bytes_per_second)
        snprintf(bytes, sizeof(bytes), "%llu",
                 (unsigned long long)q->granted.bytes_per_second);
    if (q->granted.gradients_per_second > 0.0)
        snprintf(gradients, sizeof(gradients), "%g",
                 q->granted.gradients_per_second);
    fprintf(to,
            "  quota       %s bytes/s, %s gradients/s; workers rested %llu "
            "time%s, %.1f s\n",
            bytes, gradients, (unsigned long long)q->waits, fw_plural(q->waits),
            q->waited_seconds);
}

void fw_show_job(FILE *to, const struct fw_job_status *j)
{
    const struct fw_momentum_status *m = &j->momentum;
    char a[FW_SHOWN_BYTES];
    char b[FW_SHOWN_BYTES];
    char c[FW_SHOWN_BYTES];

    fprintf(to, "%s: %s, version %llu (%llu on disk), %u worker%s", j->name,
            j->state == FW_JOB_WAITING ? "waits for parameters" : "training",
            (unsigned long long)j->version,
            (unsigned long long)j->durable_version, j->workers,
            fw_plural(j->workers));
    if (j->groups)
        fprintf(to, " in %u group%s", j->groups, fw_plural(j->groups));
    fputc('\n', to);
    fprintf(to, "  loss        training %s, validation %s, accuracy %s\n",
            fw_show_loss(a, j->loss.training),
            fw_show_loss(b, j->loss.validation),
            fw_show_number(c, j->loss.accuracy, 4));
    fprintf(to, "  speed       %s samples/s, %s gradients/s\n",
            fw_show_number(a, j->samples_per_second, 0),
            fw_show_number(b, j->gradients_per_second, 1));
    fprintf(to, "  samples     %llu in %llu gradient%s, %llu refused\n",
            (unsigned long long)j->samples,
            (unsigned long long)j->gradients_applied,
            fw_plural(j->gradients_applied),
            (unsigned long long)j->gradients_refused);
    fprintf(to, "  staleness   mean %s, p50 %llu, p95 %llu, p99 %llu\n",
            fw_show_number(a, j->staleness.mean, 2),
            (unsigned long long)j->staleness.p50,
            (unsigned long long)j->staleness.p95,
            (unsigned long long)j->staleness.p99);
    fprintf(to, "  momentum    %s (reference %s, law %s), learning rate %g\n",
            fw_show_number(a, m->momentum, 3),
            fw_show_number(b, m->reference, 3), fw_law_name(m->law),
            m->learning_rate);
    if (m->sentence[0])
        fprintf(to, "              %s\n", m->sentence);
    if (j->checkpoint[0])
        fprintf(to, "  checkpoint  %s\n", j->checkpoint);
    if (j->checkpoint_failures >= FW_DEGRADED_FROM)
        fprintf(to, "  DEGRADED    %u checkpoints in a row failed: %s\n",
                j->checkpoint_failures, j->checkpoint_error);
    if (j->quarantined || j->gradients_clipped)
        fprintf(to,
                "  gate        %llu gradient%s clipped, %u worker%s in "
                "quarantine\n",
                (unsigned long long)j->gradients_clipped,
                fw_plural(j->gradients_clipped), j->quarantined,
                fw_plural(j->quarantined));
    if (j->quota.granted.memory_bytes)
        fprintf(to, "  memory      %llu of %llu bytes\n",
                (unsigned long long)j->quota.memory_bytes,
                (unsigned long long)j->quota.granted.memory_bytes);
    if (j->quota.granted.bytes_per_second ||
        j->quota.granted.gradients_per_second > 0.0)
        show_rates(to, &j->quota);
    if (j->checkpoints_bad)
        fprintf(to, "  bad files   %u set aside (flywheel checkpoint list)\n",
                j->checkpoints_bad);
}

const char *fw_show_worker_state(const struct fw_worker_status *w)
{
    if (w->quarantined)
        return "QUARANTINED";
    switch (w->state) {
    case FW_WORKER_CONNECTED:
        return "connected";
    case FW_WORKER_LOST:
        return "lost";
    case FW_WORKER_LEFT:
        return "left";
    }
    return "?";
}

void fw_show_workers(FILE *to, const struct fw_job_status *j)
{
    char a[FW_SHOWN_BYTES];
    char b[FW_SHOWN_BYTES];

    fprintf(to, "%-24s %-11s %9s %8s %10s %8s %9s %5s\n", "worker", "state",
            "gradients", "refused", "samples", "grad/s", "staleness", "wire");
    for (uint32_t i = 0; i < j->n_workers; i++) {
        const struct fw_worker_status *w = &j->worker[i];

        fprintf(to, "%-24s %-11s %9llu %8llu %10llu %8s %9s %5s\n", w->name,
                fw_show_worker_state(w), (unsigned long long)w->gradients,
                (unsigned long long)w->refused, (unsigned long long)w->samples,
                fw_show_number(a, w->gradients_per_second, 1),
                fw_show_number(b, w->staleness_mean, 2),
                fw_dtype_name(w->wire_dtype));
    }
}

void fw_show_progress_head(FILE *to)
{
    fprintf(to, "%8s %7s %9s %10s %9s %9s %9s %10s %9s %8s\n", "time",
            "workers", "version", "samples", "samples/s", "loss", "accuracy",
            "staleness", "momentum", "rate");
}

void fw_show_progress(FILE *to, const struct fw_job_status *j, double seconds)
{
    char speed[FW_SHOWN_BYTES];
    char loss[FW_SHOWN_BYTES];
    char accuracy[FW_SHOWN_BYTES];
    char staleness[FW_SHOWN_BYTES];
    char momentum[FW_SHOWN_BYTES];

    fprintf(to, "%6.0f s %7u %9llu %10llu %9s %9s %9s %10s %9s %8.5f\n",
            seconds, j->workers, (unsigned long long)j->version,
            (unsigned long long)j->samples,
            fw_show_number(speed, j->samples_per_second, 0),
            fw_show_loss(loss, j->loss.training),
            fw_show_number(accuracy, j->loss.accuracy, 4),
            fw_show_number(staleness, j->staleness.mean, 2),
            fw_show_number(momentum, j->momentum.momentum, 3),
            j->momentum.learning_rate);
    fflush(to);
}
