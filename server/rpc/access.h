/* access.h - who is calling, and may they?
 *
 * While the file of tokens is not there, everybody may do everything: the
 * server listens on the loopback address, or was told otherwise by someone who
 * knows.  With the file every call needs a token of a role that its method
 * names (methods.c), but for the health check; a token for one job sees that
 * job only.
 *
 * Layer: server/rpc.  Thread: any, it has a lock of its own. */
#ifndef FW_RPC_ACCESS_H
#define FW_RPC_ACCESS_H

#include <pthread.h>
#include <time.h>

#include <grpc/grpc.h>

#include "server/store/tokens.h"

struct fw_access {
    char path[FW_PATH_MAX]; /* of the tokens */

    pthread_mutex_t lock; /* guards what follows */
    bool on;              /* there is a file, or there was one */
    struct fw_tokens tokens;
    struct timespec changed; /* when the file was, as it was read */
    bool broken;             /* it could not be read: nobody may call */
};

/* Who calls. */
struct fw_principal {
    char id[FW_TOKEN_ID_MAX + 1]; /* of the token; empty: none is needed */
    char job[FW_NAME_MAX + 1];    /* the only one; empty: any */
};

/* The file may be missing; a file that is broken is an error. */
FW_MUST_USE fw_status fw_access_open(struct fw_access *a, const char *path,
                                     struct fw_err *err);
void fw_access_close(struct fw_access *a);

/* Read the file again if it has changed.  Once a second, and on SIGHUP. */
void fw_access_refresh(struct fw_access *a);

/* Is `roles` (bits of fw_role) among what the caller may be?  UNAUTHENTICATED,
 * PERMISSION_DENIED. */
FW_MUST_USE fw_status fw_access_check(struct fw_access *a,
                                      const grpc_metadata_array *metadata,
                                      unsigned roles, struct fw_principal *out,
                                      struct fw_err *err);

/* May the caller see this job?  PERMISSION_DENIED. */
FW_MUST_USE fw_status fw_access_job(const struct fw_principal *p,
                                    const char *job, struct fw_err *err);

#endif
