/* unary.h - one request, one answer, one deadline.
 *
 * Layer: sdk/client.  Thread: any but the background thread, which it needs. */
#ifndef FW_CLIENT_UNARY_H
#define FW_CLIENT_UNARY_H

#include "sdk/base/bytes.h"
#include "sdk/client/connection.h"

/* Call `method` and append the answer to `answer`.  A refusal of the server
 * comes back as its status and reason; FW_TIMEOUT, FW_UNAVAILABLE. */
FW_MUST_USE fw_status fw_unary(struct fw_connection *c, const char *method,
                               const struct fw_bytes *request,
                               struct fw_bytes *answer, uint32_t timeout_ms,
                               struct fw_err *err);

#endif
