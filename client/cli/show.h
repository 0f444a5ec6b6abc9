/* show.h - what flywheel says, for people.
 *
 * Layer: client/cli.  Thread: the main one. */
#ifndef FW_CLI_SHOW_H
#define FW_CLI_SHOW_H

#include <stdio.h>

#include "sdk/wire/messages.h"

/* Room for a number that may be unknown. */
#define FW_SHOWN_BYTES 32

/* `x` with `digits` behind the point; "-" if it is not known. */
const char *fw_show_number(char out[FW_SHOWN_BYTES], double x, int digits);

/* A loss, with as many significant digits as 8 characters hold, at most four,
 * whatever its size; "-" if it is not known. */
const char *fw_show_loss(char out[FW_SHOWN_BYTES], double x);

/* A job, in a few lines. */
void fw_show_job(FILE *to, const struct fw_job_status *j);

/* connected, lost, left or QUARANTINED. */
const char *fw_show_worker_state(const struct fw_worker_status *w);

/* The workers of a job, as a table. */
void fw_show_workers(FILE *to, const struct fw_job_status *j);

/* One line for a second of a job's life, and the line above the columns. */
void fw_show_progress_head(FILE *to);
void fw_show_progress(FILE *to, const struct fw_job_status *j, double seconds);

#endif
