#include "server/engine/departures.h"

#include <inttypes.h>

#include "sdk/base/log.h"

static void tell(const char *job, const struct fw_worker_status *w)
{
    if (w->state == FW_WORKER_LOST)
        fw_log(FW_LOG_WARN, "worker_lost",
               "job=%s worker=%s gradients=%" PRIu64 " silent_ms=%" PRIu64, job,
               w->name, w->gradients, w->silent_ms);
    else
        fw_log(FW_LOG_INFO, "worker_left",
               "job=%s worker=%s gradients=%" PRIu64, job, w->name,
               w->gradients);
}

/* Both lists rise by epoch: walk them side by side. */
void fw_departures_tell(const struct fw_job_status *before,
                        const struct fw_job_status *now)
{
    uint32_t i = 0;

    for (uint32_t k = 0; k < now->n_workers; k++) {
        const struct fw_worker_status *w = &now->worker[k];

        while (i < before->n_workers && before->worker[i].epoch < w->epoch)
            i++;
        if (i == before->n_workers)
            return; /* the rest have joined since */
        if (before->worker[i].epoch == w->epoch &&
            before->worker[i].state == FW_WORKER_CONNECTED &&
            w->state != FW_WORKER_CONNECTED)
            tell(now->name, w);
    }
}
