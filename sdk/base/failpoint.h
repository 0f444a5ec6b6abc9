/* failpoint.h - named places where tests let things go wrong.
 *
 * Code that must come through a fault says where it is: the process may be
 * killed there, the call that follows may fail, or the place itself.  Only
 * tests that were built with FW_FAILPOINTS can do that (tests/sim/points.c
 * defines the function); in what users run a place is nothing.
 *
 * Layer: sdk/base.  Thread: any. */
#ifndef FW_BASE_FAILPOINT_H
#define FW_BASE_FAILPOINT_H

#include "sdk/base/status.h"

/* `name` is a place; FW_OK: go on, else fail like that. */
#ifdef FW_FAILPOINTS
FW_MUST_USE fw_status fw_failpoint(const char *name, struct fw_err *err);
#else
FW_MUST_USE static inline fw_status fw_failpoint(const char *name,
                                                 struct fw_err *err)
{
    (void)name;
    (void)err;
    return FW_OK;
}
#endif

#endif
