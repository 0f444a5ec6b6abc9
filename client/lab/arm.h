/* arm.h - one of the ways to train that a run compares.
 *
 *     fixed, count, step, margin, closed_loop   a law of the controller
 *     manual:MU:LR                              pinned
 *     sync                                      one group: synchronous SGD
 *     groups:G, groups:auto                     law margin in compute groups
 *     buffer:K                                  law fixed, mean of any K
 *     staleness_aware, mishchenko, gap_aware, dc_asgd, dana,
 *     delayed_nesterov, fedbuff:K               the rivals (rival.h)
 *
 * "+negative" behind a law allows momentum below 0, "+keep_rate" keeps the
 * rate rather than the effective step.
 *
 * Layer: client/lab.  Thread: any.  A plain value. */
#ifndef FW_LAB_ARM_H
#define FW_LAB_ARM_H

#include <stdbool.h>

#include "client/lab/rival.h"
#include "sdk/base/law.h"

#define FW_ARM_NAME_MAX 48
#define FW_ARMS_MAX     32

#define FW_ARM_RULE                                                            \
    "fixed, count, step, margin, closed_loop, manual:MU:LR, sync, groups:G, "  \
    "groups:auto, buffer:K, " FW_RIVAL_NAMES                                   \
    ", with +negative or +keep_rate behind a law"

struct fw_arm {
    char name[FW_ARM_NAME_MAX]; /* as it was asked for */
    enum fw_law law;
    enum fw_step_policy policy;
    bool allow_negative;
    double momentum; /* of FW_LAW_MANUAL */
    double rate;     /* of FW_LAW_MANUAL */
    uint32_t groups; /* 0: every worker by itself */
    bool groups_auto;
    uint32_t buffer; /* gradients in a mean; 0: off */
    enum fw_rival_kind rival;
};

/* FW_INVALID names the arm and the rule. */
FW_MUST_USE fw_status fw_arm_parse(const char *text, struct fw_arm *arm,
                                   struct fw_err *err);

/* "fixed,step,margin" into at most FW_ARMS_MAX arms. */
FW_MUST_USE fw_status fw_arms_parse(const char *list,
                                    struct fw_arm arms[FW_ARMS_MAX], size_t *n,
                                    struct fw_err *err);

/* The arm that pins momentum and rate. */
struct fw_arm fw_arm_manual(double momentum, double rate);

#endif
