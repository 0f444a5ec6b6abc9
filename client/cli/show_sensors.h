/* show_sensors.h - what a job's controller reads, for people.
 *
 * Layer: client/cli.  Thread: the main one. */
#ifndef FW_CLI_SHOW_SENSORS_H
#define FW_CLI_SHOW_SENSORS_H

#include <stdio.h>

#include "sdk/wire/messages.h"

/* Of 100 gradient evaluations of the workers, those spent on probes that came
 * back; NAN before the first. */
double fw_probe_share(const struct fw_job_status *j);

/* Every sensor, the staleness with the geometric law beside it, the workers. */
void fw_show_sensors(FILE *to, const struct fw_job_status *j);

#endif
