/* export.h - a job's newest parameters as a safetensors file.
 *
 * Layer: client/cli.  Thread: the main one. */
#ifndef FW_CLI_EXPORT_H
#define FW_CLI_EXPORT_H

#include "sdk/client/admin.h"

/* Pull and write; *version is theirs.  The file is whole or not there; one that
 * was there is replaced. */
FW_MUST_USE fw_status fw_export(struct fw_admin *admin, const char *job,
                                const char *path, uint64_t *version,
                                struct fw_err *err);

#endif
