/* top_job.h - the lines about one job, and about one worker, of top_page.h.
 *
 * Layer: client/cli.  Thread: the main one. */
#ifndef FW_CLI_TOP_JOB_H
#define FW_CLI_TOP_JOB_H

#include "client/cli/top_page.h"

/* FW_NOMEM: the page is not whole. */
FW_MUST_USE fw_status fw_top_say_job(struct fw_top_page *p,
                                     const struct fw_top_model *m);
FW_MUST_USE fw_status fw_top_say_worker(struct fw_top_page *p,
                                        const struct fw_top_model *m);

#endif
