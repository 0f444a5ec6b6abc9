#include "server/rpc/grpc_locks.h"

#include <dlfcn.h>
#include <string.h>

/* absl::debian3::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle) */
#define SET_MODE                                                               \
    "_ZN4absl7debian329SetMutexDeadlockDetectionModeENS0_15OnDeadlockCycleE"
#define IGNORE 0 /* OnDeadlockCycle::kIgnore */

bool fw_grpc_locks_relax(void)
{
    void (*set_mode)(int mode);
    void *found = dlsym(RTLD_DEFAULT, SET_MODE);

    if (!found)
        return false;
    memcpy(&set_mode, &found, sizeof(set_mode)); /* as POSIX means it */
    set_mode(IGNORE);
    return true;
}
