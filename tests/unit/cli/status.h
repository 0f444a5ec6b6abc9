/* status.h - statuses as a server would send them, for the tests of the views.
 *
 * Layer: tests.  What is filled in is the caller's to close. */
#ifndef FW_TEST_STATUS_H
#define FW_TEST_STATUS_H

#include "sdk/wire/messages.h"

/* Three jobs: alpha (2 workers, loss 0.5), beta (7, unknown), gamma (0, 0.1;
 * waiting). */
void fill_jobs(struct fw_status_response *r);

/* The job alpha at `version`, with the workers slow, steady and gone. */
void fill_alpha(struct fw_status_response *r, uint64_t version);

#endif
