/* options.h - the options of a worker, checked and complete.
 *
 * Layer: sdk/client.  Thread: any. */
#ifndef FW_CLIENT_OPTIONS_H
#define FW_CLIENT_OPTIONS_H

#include "sdk/wire/messages.h"

/* Copy what the caller gave, of whatever version of the struct, over the
 * defaults of this one.  FW_INVALID names what is missing or wrong. */
FW_MUST_USE fw_status fw_options_take(const struct fw_worker_options *given,
                                      struct fw_worker_options *out,
                                      struct fw_err *err);

/* Fill in what Join says; `number` tells handles of one process apart where a
 * name has to be made up.  The caller closes `join` in any case. */
FW_MUST_USE fw_status fw_options_join(const struct fw_worker_options *o,
                                      uint64_t number,
                                      struct fw_join_request *join,
                                      struct fw_err *err);

#endif
