#include "server/job/report.h"

#include <math.h>

#define LOSS_MEMORY    0.95 /* share of the old loss kept each gradient */
#define RATE_EVERY_MS  500  /* the rates' resolution */
#define RATE_MEMORY_MS 5000 /* after which an old rate counts 1/e */

void fw_report_init(struct fw_report *r, int64_t now_ms)
{
    *r = (struct fw_report){.training = NAN,
                            .validation = NAN,
                            .accuracy = NAN,
                            .rate_at_ms = now_ms,
                            .cost_at_ms = now_ms};
}

void fw_report_gradient(struct fw_report *r, double loss, uint64_t samples,
                        uint64_t version)
{
    r->applied++;
    r->samples += samples;
    if (!isfinite(loss))
        return;
    r->training = isnan(r->training)
                      ? loss
                      : LOSS_MEMORY * r->training + (1.0 - LOSS_MEMORY) * loss;
    r->training_version = version;
}

void fw_report_validation(struct fw_report *r, double loss, double accuracy,
                          uint64_t version)
{
    if (version < r->validation_version)
        return;
    r->validation = loss;
    r->accuracy = accuracy;
    r->validation_version = version;
}

void fw_report_tick(struct fw_report *r, uint32_t workers, int64_t now_ms)
{
    double dt_ms = (double)(now_ms - r->rate_at_ms);
    double keep = exp(-dt_ms / RATE_MEMORY_MS);
    double samples = (double)(r->samples - r->rate_samples);
    double applied = (double)(r->applied - r->rate_applied);

    r->worker_seconds += workers * (double)(now_ms - r->cost_at_ms) / 1000.0;
    r->cost_at_ms = now_ms;
    if (dt_ms < RATE_EVERY_MS)
        return;
    r->samples_per_second =
        keep * r->samples_per_second + (1.0 - keep) * samples * 1000.0 / dt_ms;
    r->gradients_per_second = keep * r->gradients_per_second +
                              (1.0 - keep) * applied * 1000.0 / dt_ms;
    r->rate_at_ms = now_ms;
    r->rate_samples = r->samples;
    r->rate_applied = r->applied;
}
