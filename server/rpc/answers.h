/* answers.h - the last answers to requests that carried an id, so that asking
 * again does nothing again.
 *
 * Layer: server/rpc.  Thread: any.  Lives in the rpc server. */
#ifndef FW_RPC_ANSWERS_H
#define FW_RPC_ANSWERS_H

#include <pthread.h>
#include <stdbool.h>

#include "sdk/base/bytes.h"

#define FW_ANSWERS_KEPT 256u

struct fw_answer {
    const char *path;         /* of the method; a constant; NULL: empty */
    char id[FW_NAME_MAX + 1]; /* the request's */
    struct fw_bytes bytes;    /* owned; the answer, encoded */
};

struct fw_answers {
    pthread_mutex_t lock; /* guards what follows */
    struct fw_answer ring[FW_ANSWERS_KEPT];
    unsigned next; /* place in the ring to write to */
};

FW_MUST_USE fw_status fw_answers_init(struct fw_answers *a);
void fw_answers_close(struct fw_answers *a);

/* True, and a copy appended to `out`, if the request was answered before. */
bool fw_answers_find(struct fw_answers *a, const char *path, const char *id,
                     struct fw_bytes *out);

/* Keep a copy; without memory it is not kept. */
void fw_answers_keep(struct fw_answers *a, const char *path, const char *id,
                     const struct fw_bytes *bytes);

#endif
