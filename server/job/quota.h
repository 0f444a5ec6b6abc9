/* quota.h - what a job may use: memory, bytes and gradients a second.
 *
 * Rates slow down, they refuse nothing: who brings a gradient or asks for
 * parameters is told how long to rest before it is read on.  Memory is granted
 * when a job is created, or never.
 *
 * Layer: server/job.  Thread: any; a lock inside.  Lives in its job. */
#ifndef FW_JOB_QUOTA_H
#define FW_JOB_QUOTA_H

#include <pthread.h>
#include <stdbool.h>

#include "sdk/wire/messages.h"
#include "server/job/bucket.h"

struct fw_quota {
    struct fw_quota_spec granted; /* set at init; 0: no limit */

    pthread_mutex_t lock; /* guards what follows */
    struct fw_bucket bytes;
    struct fw_bucket gradients;
    uint64_t waits;     /* times somebody was told to wait */
    uint64_t waited_us; /* for so long, all together */
};

/* The lesser of what a job asks for and what the server allows, figure by
 * figure; 0 is no limit. */
struct fw_quota_spec fw_quota_least(const struct fw_limits_spec *limits);

/* Whether a new job gets what it asks for, and enough memory for a model of
 * `n_elements`: QUOTA_EXCEEDED names both figures and the mend. */
FW_MUST_USE fw_status fw_quota_check(const struct fw_limits_spec *limits,
                                     uint64_t n_elements, struct fw_err *err);

/* What the versions and gradients of a job may take of its memory, if they
 * would like `want_bytes`: the momentum, and its copy while a checkpoint is
 * written, come first. */
uint64_t fw_quota_pool_bytes(const struct fw_limits_spec *limits,
                             uint64_t n_elements, uint64_t want_bytes);

void fw_quota_init(struct fw_quota *q, const struct fw_limits_spec *limits);
void fw_quota_close(struct fw_quota *q);

/* Are there rates to keep to? */
bool fw_quota_paces(const struct fw_quota *q);

/* Any thread: so many gradients and bytes have come or are about to go.
 * Microseconds to rest before more is read; 0: none. */
int64_t fw_quota_take(struct fw_quota *q, uint64_t gradients, uint64_t bytes,
                      int64_t now_us);

/* The same for who may also go away: if it would have to rest for longer than
 * `most_us`, nothing is taken and *refused is true. */
int64_t fw_quota_try(struct fw_quota *q, uint64_t bytes, int64_t most_us,
                     int64_t now_us, bool *refused);

/* Limits and waits; memory in use is the caller's to add. */
void fw_quota_tell(struct fw_quota *q, struct fw_quota_status *out);

#endif
