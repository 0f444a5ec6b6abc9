/* lock.h - one server a data folder.
 *
 * Layer: server/store.  Thread: the main one.  The kernel lets go of the lock
 * when the process ends, however it ends. */
#ifndef FW_STORE_LOCK_H
#define FW_STORE_LOCK_H

#include <stdbool.h>

#include "sdk/base/status.h"

/* Zero is valid and closed. */
struct fw_lock {
    int fd;     /* owned if `taken` */
    bool taken; /* set by fw_lock_take */
};

/* Make the data folder (its parent must be there) and lock it.  FW_BUSY names
 * the server that has it; FW_IO, FW_DENIED: the folder cannot be made or
 * written. */
FW_MUST_USE fw_status fw_lock_take(struct fw_lock *lock, const char *data_dir,
                                   struct fw_err *err);
void fw_lock_close(struct fw_lock *lock);

#endif
