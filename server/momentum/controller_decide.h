/* controller_decide.h - how a decision is made, put in force and recorded.
 *
 * Inside of the controller: only controller*.c include this.
 *
 * Layer: server/momentum.  Thread: the job's.  Owns nothing. */
#ifndef FW_MOMENTUM_CONTROLLER_DECIDE_H
#define FW_MOMENTUM_CONTROLLER_DECIDE_H

#include "server/momentum/controller.h"

/* What calls for a decision. */
struct fw_event {
    const char *cause; /* see struct fw_decision */
    const char *who;   /* may be NULL */
    const char *why;   /* may be NULL */
    const char *note;  /* what happened, if the cause does not tell; or NULL */
    uint64_t version;
    int64_t now_ms;
};

enum fw_decide {
    FW_DECIDE_AT_ONCE,    /* all the way, and recorded in any case */
    FW_DECIDE_BY_DEGREES, /* slew-limited; nothing if little has changed */
};

/* Ask the law, put its answer in force, record it.  An answer that is not
 * finite is not taken: the last decision is held and the log says why. */
void fw_controller_decide(struct fw_controller *c, const struct fw_event *e,
                          enum fw_decide how);

/* Record that nothing changes, and why. */
void fw_controller_hold(struct fw_controller *c, const struct fw_event *e,
                        const char *reason);

/* How far the law's rate at the momentum in use is from the one in use,
 * relative to the smaller of the two. */
double fw_controller_drift(const struct fw_controller *c);

/* s_c(mu)/h at the momentum in use; NAN: not known. */
double fw_controller_bound(const struct fw_controller *c);

#endif
