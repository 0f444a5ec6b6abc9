/* departures.h - lines of the log for workers that are gone.
 *
 * Layer: server/engine.  Thread: any.  Nothing is owned. */
#ifndef FW_ENGINE_DEPARTURES_H
#define FW_ENGINE_DEPARTURES_H

#include "sdk/wire/messages.h"

/* Who was connected in `before` and is lost or has left in `now`; two statuses
 * of one job, one after the other. */
void fw_departures_tell(const struct fw_job_status *before,
                        const struct fw_job_status *now);

#endif
