/* log.h - one logfmt line an event, to stderr.
 *
 *     fw_log(FW_LOG_INFO, "worker_joined", "job=%s worker=%s", job, name);
 *     ts=2026-01-01T00:00:00.000Z level=info event=worker_joined job=a worker=b
 *
 * The event is a stable lower_case word; values from outside are names that
 * were checked.  The SDK never calls this: it has no right to stderr.
 *
 * Layer: sdk/base.  Thread: any; a line is written by one write(2). */
#ifndef FW_BASE_LOG_H
#define FW_BASE_LOG_H

#include "sdk/base/status.h"

enum fw_log_level {
    FW_LOG_DEBUG,
    FW_LOG_INFO,
    FW_LOG_WARN,
    FW_LOG_ERROR,
};

/* Lines below `level` are dropped; the only global in flywheel. */
void fw_log_set_level(enum fw_log_level level);

FW_PRINTF(3, 4)
void fw_log(enum fw_log_level level, const char *event, const char *fmt, ...);

#endif
