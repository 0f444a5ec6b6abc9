/* crew.h - many runs side by side, each on one thread.
 *
 * The order in which runs end does not matter: each writes to its own place.
 *
 * Layer: client/lab.  Thread: the caller's, which waits. */
#ifndef FW_LAB_CREW_H
#define FW_LAB_CREW_H

#include <stdbool.h>
#include <stddef.h>

#include "sdk/base/status.h"

struct fw_crew {
    size_t n;       /* runs; numbered from 0 */
    size_t threads; /* at most; 0: as many as there are processors */
    /* Do run i on a crew's thread.  The first failure ends the crew. */
    fw_status (*run)(void *user, size_t i, struct fw_err *err);
    /* The caller's thread, several times a second; false: stop. */
    bool (*progress)(void *user, size_t done, size_t n);
    void *user;
};

/* FW_CLOSED: progress said stop.  Otherwise the first failure, or FW_OK. */
FW_MUST_USE fw_status fw_crew_work(const struct fw_crew *crew,
                                   struct fw_err *err);

#endif
