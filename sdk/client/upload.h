/* upload.h - the first parameters of a job.
 *
 * Layer: sdk/client.  Thread: any but the background thread. */
#ifndef FW_CLIENT_UPLOAD_H
#define FW_CLIENT_UPLOAD_H

#include "sdk/client/connection.h"
#include "sdk/wire/messages.h"

/* Send `n` floats; `timeout_ms` is counted from the last progress.  An upload
 * that another one has beaten is FW_OK and says so in `out`. */
FW_MUST_USE fw_status fw_upload(struct fw_connection *c, const char *job,
                                const float *values, uint64_t n,
                                uint32_t timeout_ms,
                                struct fw_initialize_response *out,
                                struct fw_err *err);

#endif
