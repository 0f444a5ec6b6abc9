/* show_sensors.h - what a job's controller reads, for people.
 *
 * Layer: client/cli.  Thread: the main one. */
#ifndef FW_CLI_SHOW_SENSORS_H
#define FW_CLI_SHOW_SENSORS_H

#include <stdio.h>

#include "sdk/wire/messages.h"

/* Every sensor, the staleness with the geometric law beside it, the workers. */
void fw_show_sensors(FILE *to, const struct fw_job_status *j);

#endif
