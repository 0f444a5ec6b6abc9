/* schedule.h - the factor on the learning rate, by model version.
 *
 * Layer: server/job.  Thread: any; a pure function. */
#ifndef FW_JOB_SCHEDULE_H
#define FW_JOB_SCHEDULE_H

#include "sdk/wire/job_spec.h"

/* Factor for the step that makes version + 1; in (0, 1] but for a cosine that
 * ends at 0.  Warm-up rises linearly: (version + 1)/warmup. */
double fw_schedule_factor(const struct fw_schedule_spec *s, uint64_t version);

#endif
