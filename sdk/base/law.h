/* law.h - the names of the controller's laws, for every floor.
 *
 * The numbers are those of flywheel.v1.Law; what each law does is told in
 * server/momentum/laws.h and docs/controller.md.
 *
 * Layer: sdk/base.  Thread: any. */
#ifndef FW_BASE_LAW_H
#define FW_BASE_LAW_H

#include "sdk/base/status.h"

#define FW_LAW_MAP(X)                                                          \
    X(FIXED, 1, "fixed")                                                       \
    X(COUNT, 2, "count")                                                       \
    X(STEP, 3, "step")                                                         \
    X(MARGIN, 4, "margin")                                                     \
    X(CLOSED_LOOP, 5, "closed_loop")                                           \
    X(MANUAL, 6, "manual")

enum fw_law {
    FW_LAW_DEFAULT = 0, /* what the server or the job chose */
#define FW_LAW_ENUM(code, number, text) FW_LAW_##code = number,
    FW_LAW_MAP(FW_LAW_ENUM)
#undef FW_LAW_ENUM
};

enum fw_step_policy {
    FW_STEP_KEEP_EFFECTIVE = 1, /* keep rate/(1 - momentum) */
    FW_STEP_KEEP_RATE = 2,      /* keep the rate */
};

/* "count"; "default" for FW_LAW_DEFAULT; never NULL. */
const char *fw_law_name(enum fw_law law);

/* FW_INVALID names the laws there are. */
FW_MUST_USE fw_status fw_law_parse(const char *text, enum fw_law *law,
                                   struct fw_err *err);

#endif
