/* exchange.h - a request of fw_admin and its answer.
 *
 * Layer: sdk/client.  Thread: its owner's.  Zero-initialise. */
#ifndef FW_CLIENT_EXCHANGE_H
#define FW_CLIENT_EXCHANGE_H

#include "sdk/base/bytes.h"
#include "sdk/client/admin.h"

struct fw_exchange {
    struct fw_bytes body;   /* owned */
    struct fw_bytes answer; /* owned */
};

void fw_exchange_close(struct fw_exchange *x);

/* Call with what was encoded, unless that failed. */
FW_MUST_USE fw_status fw_exchange_call(struct fw_exchange *x,
                                       struct fw_admin *a, const char *method,
                                       fw_status encoded, struct fw_err *err);

#endif
