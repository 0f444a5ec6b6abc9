#include "server/job/quota.h"

#include <inttypes.h>

#include "sdk/wire/reason.h"
#include "server/job/params.h"

#define SECOND_US 1e6
#define MIB       ((uint64_t)1 << 20)

/* Momentum, and its copy while a checkpoint is written; a version, and a
 * gradient that becomes the next one.  Blocks are not cut in pieces. */
#define BESIDE_POOL 2u
#define POOL_LEAST  2u
#define BLOCK_BYTES ((uint64_t)FW_BLOCK_ELEMENTS * sizeof(float))

static uint64_t lesser(uint64_t a, uint64_t b)
{
    if (!a || !b)
        return a ? a : b;
    return a < b ? a : b;
}

struct fw_quota_spec fw_quota_least(const struct fw_limits_spec *limits)
{
    const struct fw_quota_spec *a = &limits->quota;
    const struct fw_quota_spec *b = &limits->caps;
    struct fw_quota_spec out = {
        .memory_bytes = lesser(a->memory_bytes, b->memory_bytes),
        .bytes_per_second = lesser(a->bytes_per_second, b->bytes_per_second),
        .gradients_per_second = a->gradients_per_second,
    };

    if (b->gradients_per_second > 0.0 &&
        !(out.gradients_per_second > 0.0 &&
          out.gradients_per_second < b->gradients_per_second))
        out.gradients_per_second = b->gradients_per_second;
    return out;
}

static uint64_t least_bytes(uint64_t n_elements)
{
    uint64_t bytes = n_elements * sizeof(float);
    uint64_t block = bytes < BLOCK_BYTES ? bytes : BLOCK_BYTES;

    return (BESIDE_POOL + POOL_LEAST) * bytes + 2 * block;
}

uint64_t fw_quota_pool_bytes(const struct fw_limits_spec *limits,
                             uint64_t n_elements, uint64_t want_bytes)
{
    uint64_t all = fw_quota_least(limits).memory_bytes;
    uint64_t beside = BESIDE_POOL * n_elements * sizeof(float);

    if (!all)
        return want_bytes;
    return lesser(want_bytes, all > beside ? all - beside : 1);
}

/* A job may not ask for more than the server gives any. */
static fw_status check_cap(const char *field, double asked, double cap,
                           const char *key, struct fw_err *err)
{
    if (!(cap > 0.0) || asked <= cap)
        return FW_OK;
    return FW_REFUSE(err, QUOTA_EXCEEDED,
                     "limits.%s is %.15g; this server gives a job at most "
                     "%.15g: ask for less, or raise limits.%s there",
                     field, asked, cap, key);
}

fw_status fw_quota_check(const struct fw_limits_spec *limits,
                         uint64_t n_elements, struct fw_err *err)
{
    const struct fw_quota_spec *asked = &limits->quota;
    const struct fw_quota_spec *caps = &limits->caps;
    uint64_t memory = fw_quota_least(limits).memory_bytes;
    uint64_t least = least_bytes(n_elements);
    fw_status s;

    s = check_cap("memory_bytes", (double)asked->memory_bytes,
                  (double)caps->memory_bytes, "job_memory_mb", err);
    if (s == FW_OK)
        s = check_cap("bytes_per_second", (double)asked->bytes_per_second,
                      (double)caps->bytes_per_second, "job_mb_per_second", err);
    if (s == FW_OK)
        s = check_cap("gradients_per_second", asked->gradients_per_second,
                      caps->gradients_per_second, "job_gradients_per_second",
                      err);
    if (s != FW_OK || !memory || least <= memory)
        return s;
    return FW_REFUSE(err, QUOTA_EXCEEDED,
                     "a model of %" PRIu64 " parameters needs %" PRIu64
                     " bytes (%" PRIu64 " MB) and the job may hold %" PRIu64
                     ": raise %s, or train a smaller model",
                     n_elements, least, (least + MIB - 1) / MIB, memory,
                     memory == asked->memory_bytes
                         ? "limits.memory_bytes of the job"
                         : "limits.job_memory_mb of the server");
}

void fw_quota_init(struct fw_quota *q, const struct fw_limits_spec *limits)
{
    *q = (struct fw_quota){.granted = fw_quota_least(limits)};
    q->bytes.rate = (double)q->granted.bytes_per_second;
    q->gradients.rate = q->granted.gradients_per_second;
    pthread_mutex_init(&q->lock, NULL);
}

void fw_quota_close(struct fw_quota *q)
{
    pthread_mutex_destroy(&q->lock);
}

bool fw_quota_paces(const struct fw_quota *q)
{
    return q->granted.bytes_per_second > 0 ||
           q->granted.gradients_per_second > 0.0;
}

/* The lock is held. */
static int64_t count(struct fw_quota *q, int64_t wait_us)
{
    q->waits += wait_us > 0;
    q->waited_us += (uint64_t)wait_us;
    return wait_us;
}

int64_t fw_quota_take(struct fw_quota *q, uint64_t gradients, uint64_t bytes,
                      int64_t now_us)
{
    int64_t a;
    int64_t b;

    pthread_mutex_lock(&q->lock);
    a = fw_bucket_take(&q->gradients, (double)gradients, now_us);
    b = fw_bucket_take(&q->bytes, (double)bytes, now_us);
    a = count(q, a > b ? a : b);
    pthread_mutex_unlock(&q->lock);
    return a;
}

int64_t fw_quota_try(struct fw_quota *q, uint64_t bytes, int64_t most_us,
                     int64_t now_us, bool *refused)
{
    int64_t wait_us;

    pthread_mutex_lock(&q->lock);
    wait_us = fw_bucket_wait(&q->bytes, now_us);
    *refused = wait_us > most_us;
    if (!*refused) {
        (void)fw_bucket_take(&q->bytes, (double)bytes, now_us);
        (void)count(q, wait_us);
    }
    pthread_mutex_unlock(&q->lock);
    return wait_us;
}

void fw_quota_tell(struct fw_quota *q, struct fw_quota_status *out)
{
    *out = (struct fw_quota_status){.granted = q->granted};
    pthread_mutex_lock(&q->lock);
    out->waits = q->waits;
    out->waited_seconds = (double)q->waited_us / SECOND_US;
    pthread_mutex_unlock(&q->lock);
}
