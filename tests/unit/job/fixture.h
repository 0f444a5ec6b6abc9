/* fixture.h - jobs, gathers and failing memory for the tests of server/job.
 *
 * Layer: tests.  Thread: the test's, but for fault_*: any. */
#ifndef FW_TESTS_JOB_FIXTURE_H
#define FW_TESTS_JOB_FIXTURE_H

#include "server/job/job.h"

#define FIXTURE_ELEMENTS 1000u

/* A job of FIXTURE_ELEMENTS under law count, with one worker. */
struct fixture {
    struct fw_job job;            /* owned */
    struct fw_join_response join; /* of worker "w" */
};

/* For cmocka: *state is a struct fixture. */
int fixture_open(void **state);
int fixture_close(void **state);

/* Allocation `n` from now on (0: the next) fails, once. */
void fault_arm(long n);

/* No failure any more; true if the armed one has happened. */
bool fault_disarm(void);

/* A complete gather of n floats, whatever the pool's cap says. */
struct fw_gather *gather_of(struct fw_pool *p, const float *x, uint64_t n);

/* A run over n bytes of flat memory; `span` holds it. */
struct fw_run run_of(struct fw_span *span, const void *data, size_t n);

/* A job of one tensor of n elements: law fixed, momentum 0.9, rate 0.01. */
struct fw_job_spec spec_of(uint64_t n);

/* A job from spec_of(n) with law `law` and parameters 1, 2, 3 ... */
void job_open(struct fw_job *job, uint64_t n, enum fw_law law);

/* Join at `now_ms`; the session key is all `key`. */
fw_status job_join(struct fw_job *job, const char *name, uint8_t key,
                   int64_t now_ms, struct fw_join_response *out,
                   struct fw_err *err);

/* Push a gradient whose every element is `value`. */
fw_status job_push(struct fw_job *job, uint64_t epoch, uint64_t sequence,
                   uint64_t base, float value, struct fw_gradient_ack *ack);

/* FNV-1a over version number, parameters and momentum. */
uint64_t job_hash(const struct fw_job *job);

#endif
