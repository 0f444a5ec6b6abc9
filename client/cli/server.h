/* server.h - a connection as the command line asks for it.
 *
 * Layer: client/cli.  Thread: the main one. */
#ifndef FW_CLI_SERVER_H
#define FW_CLI_SERVER_H

#include "client/cli/args.h"
#include "sdk/client/admin.h"

/* Connect to --server; FW_UNAVAILABLE names the address.  The caller
 * closes `out`. */
FW_MUST_USE fw_status fw_cli_connect(const struct fw_cli_common *common,
                                     struct fw_admin *out, struct fw_err *err);

/* The status of one job.  `all` is the caller's to close; *job lies in it. */
FW_MUST_USE fw_status fw_cli_job_status(struct fw_admin *admin, const char *job,
                                        struct fw_status_response *all,
                                        struct fw_job_status **out,
                                        struct fw_err *err);

/* The status of one job or of all (NULL).  Of all, a server leaves their
 * workers out; `workers`: ask for them, too, job by job.  The caller closes
 * `out`, also on failure. */
FW_MUST_USE fw_status fw_cli_status(struct fw_admin *admin, const char *job,
                                    bool workers,
                                    struct fw_status_response *out,
                                    struct fw_err *err);

#endif
