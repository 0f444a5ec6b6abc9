/* change.h - what happens to the cluster during a run.
 *
 *     AT:workers=N      N workers from then on: new ones join, the last leave
 *     AT:straggler=X    one worker is X times slower from then on
 *     AT:silent=SHARE   that share of the workers stays connected, says nothing
 *     AT:speak          the silent ones go on
 *
 * AT is virtual time, in mean service times.
 *
 * Layer: client/lab.  Thread: any.  A plain value. */
#ifndef FW_LAB_CHANGE_H
#define FW_LAB_CHANGE_H

#include <stddef.h>

#include "sdk/base/status.h"

#define FW_CHANGES_MAX 32
#define FW_CHANGE_RULE                                                         \
    "AT:workers=N, AT:straggler=X, AT:silent=SHARE or AT:speak"

enum fw_change_kind {
    FW_CHANGE_WORKERS,
    FW_CHANGE_STRAGGLER,
    FW_CHANGE_SILENT,
    FW_CHANGE_SPEAK,
};

struct fw_change {
    double at; /* virtual time */
    enum fw_change_kind kind;
    double value; /* N, X or SHARE */
};

/* "20:workers=16,60:workers=4"; FW_INVALID names the part and the rule. */
FW_MUST_USE fw_status fw_changes_parse(const char *list,
                                       struct fw_change out[FW_CHANGES_MAX],
                                       size_t *n, struct fw_err *err);

#endif
