/* report.h - results on held-out data, from workers and evaluators.
 *
 * Layer: sdk/client.  Thread: any but the background thread. */
#ifndef FW_CLIENT_REPORT_H
#define FW_CLIENT_REPORT_H

#include "sdk/client/connection.h"

FW_MUST_USE fw_status fw_report_send(struct fw_connection *c, const char *job,
                                     const struct fw_evaluation *e,
                                     uint32_t timeout_ms, struct fw_err *err);

#endif
