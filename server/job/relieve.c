/* The memory of waves goes to who waits for room (job.h). */
#include "server/job/job.h"

/* After waves had to give way to who waited for memory. */
#define NO_WAVE_MS 10000

/* A wave that others wait for in line may stand still for so long. */
#define WAVE_STALL_MS 250

bool fw_job_has_line(const struct fw_job *job)
{
    return job->optimizer.spare.at && fw_pool_has_line(job->pool);
}

/* Is there one that has moved not long ago? */
static bool wave_moves(struct fw_job *job, int64_t now_ms)
{
    uint64_t now = fw_wave_progress(&job->wave);

    if (now != job->wave_seen) {
        job->wave_seen = now;
        job->wave_seen_ms = now_ms;
    }
    return now && now_ms - job->wave_seen_ms < WAVE_STALL_MS;
}

void fw_job_relieve(struct fw_job *job, int64_t now_ms)
{
    if (!fw_job_has_line(job) || wave_moves(job, now_ms))
        return;
    fw_wave_break(&job->wave);
    fw_optimizer_no_spare(&job->optimizer);
    job->no_wave_till_ms = now_ms + NO_WAVE_MS;
}
