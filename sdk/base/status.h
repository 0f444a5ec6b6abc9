/* status.h - outcomes and explanations inside flywheel.
 *
 * The codes and struct fw_err are public (flywheel.h); here are the helpers
 * that fill them in.  Must-use results everywhere; log or return, never both.
 *
 * Layer: sdk/base.  Thread: any.  Nothing is owned. */
#ifndef FW_BASE_STATUS_H
#define FW_BASE_STATUS_H

#include <stdarg.h>

#include <flywheel/flywheel.h>

#define FW_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Start an explanation; returns `s`; `err` may be NULL.  Clears the reason. */
FW_PRINTF(3, 4)
fw_status fw_err_set(struct fw_err *err, fw_status s, const char *fmt, ...);

/* The same with a wire reason (see sdk/wire/reason.h). */
FW_PRINTF(4, 5)
fw_status fw_err_reason(struct fw_err *err, fw_status s, const char *reason,
                        const char *fmt, ...);

/* Prefix "what: " to an explanation; keeps the reason; returns `s`. */
FW_PRINTF(3, 4)
fw_status fw_err_wrap(struct fw_err *err, fw_status s, const char *fmt, ...);

#endif
