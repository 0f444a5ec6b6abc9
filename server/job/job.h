/* job.h - one training job: parameters, optimizer, sessions, controller.
 *
 * The pure core: no clock (every call is told `now_ms`, monotonic), no thread,
 * no I/O, no randomness (secrets are handed in).  The server runs it on the
 * job's own thread, tests and the lab run it under a virtual clock.
 *
 * Layer: server/job.  Thread: the job's, for everything here; versions that
 * were referenced may travel (params.h). */
#ifndef FW_JOB_JOB_H
#define FW_JOB_JOB_H

#include "sdk/wire/messages.h"
#include "server/job/gate.h"
#include "server/job/groups.h"
#include "server/job/optimizer.h"
#include "server/job/params.h"
#include "server/job/quota.h"
#include "server/job/report.h"
#include "server/job/sample.h"
#include "server/job/sessions.h"
#include "server/job/think.h"
#include "server/job/wave.h"
#include "server/momentum/controller.h"

struct fw_job {
    struct fw_job_spec spec;          /* owned; defaults filled in */
    uint64_t n_elements;              /* of the flat vector */
    uint64_t incarnation;             /* of the server */
    uint64_t durable_version;         /* newest on disk; 0: none */
    char checkpoint[FW_PATH_MAX];     /* newest on disk; empty: none */
    uint32_t save_failures;           /* in a row */
    char save_error[FW_SENTENCE_MAX]; /* of the last one, if any */
    uint32_t bad_checkpoints;         /* set aside when it was recovered */
    int64_t born_ms;
    struct fw_pool *pool;          /* ref; shared with reading calls */
    struct fw_version *current;    /* ref; NULL until initialised */
    struct fw_optimizer optimizer; /* momentum buffer and step kernel */
    struct fw_sessions sessions;   /* workers, epochs, exactly-once table */
    struct fw_controller controller;
    struct fw_sample sample; /* scratch of the total momentum sensor */
    struct fw_gate gate;     /* against poisoned gradients */
    struct fw_groups groups; /* workers that step together */
    struct fw_wave wave;     /* a step that is made while its gradient comes */
    int64_t no_wave_till_ms; /* their memory was needed a short while ago */
    uint64_t wave_seen;      /* how far one was that others waited for, */
    int64_t wave_seen_ms;    /* and when it had come there */
    struct fw_report report; /* losses, rates, counts, norms */
    struct fw_quota quota;   /* what it may use; any thread */
};

/* `spec` is copied and must have passed fw_job_spec_check.  On failure `job`
 * is closed. */
FW_MUST_USE fw_status fw_job_init(struct fw_job *job,
                                  const struct fw_job_spec *spec,
                                  uint64_t incarnation, int64_t now_ms,
                                  struct fw_err *err);
void fw_job_close(struct fw_job *job);

/* First parameters: takes a complete gather of fp32 values in any case.  A
 * second upload is told already_initialized; NON_FINITE changes nothing. */
FW_MUST_USE fw_status fw_job_initialize(struct fw_job *job,
                                        struct fw_gather *take,
                                        struct fw_initialize_response *out,
                                        struct fw_err *err);

/* Parameters and momentum of a checkpoint, at version `number`.  Takes a
 * complete gather in any case; `momentum` holds as many floats.  FW_EXISTS (the
 * job has parameters), NON_FINITE and OUT_OF_MEMORY change nothing. */
FW_MUST_USE fw_status fw_job_restore(struct fw_job *job, struct fw_gather *take,
                                     const float *momentum, uint64_t number,
                                     struct fw_err *err);

/* The momentum buffer, n_elements floats, lent until the next call that may
 * step; for checkpoints. */
const float *fw_job_peek_momentum_buffer(const struct fw_job *job);

/* WORKER_EXISTS, TOO_MANY_WORKERS, SHAPE_MISMATCH, UNKNOWN_TENSOR,
 * DTYPE_UNSUPPORTED, PROTOCOL_UNSUPPORTED.  A name whose session was lost or
 * has left may join again and gets a higher epoch. */
FW_MUST_USE fw_status fw_job_join(struct fw_job *job,
                                  const struct fw_join_request *request,
                                  const uint8_t session[FW_SESSION_BYTES],
                                  int64_t now_ms, struct fw_join_response *out,
                                  struct fw_err *err);

/* Find the live session of a Train stream; renews the lease.  *epoch names it
 * from now on.  SESSION_UNKNOWN, FENCED. */
FW_MUST_USE fw_status fw_job_open(struct fw_job *job,
                                  const uint8_t session[FW_SESSION_BYTES],
                                  int64_t now_ms, uint64_t *epoch,
                                  enum fw_dtype *dtype, struct fw_err *err);

/* Where an open session stands: what its worker is told when it opens a stream,
 * and, if it returns true, the answer to its last gradient that was judged. */
bool fw_job_resume(struct fw_job *job, uint64_t epoch, struct fw_opened *opened,
                   struct fw_gradient_ack *last);

/* Is it still a worker's?  FENCED once that was lost, has left or was
 * replaced. */
FW_MUST_USE fw_status fw_job_check(struct fw_job *job, uint64_t epoch,
                                   struct fw_err *err);

/* Something was heard of the worker: renew its lease.  FENCED once it was
 * lost, has left or was replaced. */
FW_MUST_USE fw_status fw_job_touch(struct fw_job *job, uint64_t epoch,
                                   int64_t now_ms, struct fw_err *err);

/* Before the first element of a gradient is added to `g`, whose head is known:
 * have it stepped as it comes (wave.h), if it would be applied as things are
 * and nothing needs the whole of it before.  Then fw_wave_step is called for
 * what was added, and fw_job_push behind the last.  False: it is to be gathered
 * as ever. */
bool fw_job_wave(struct fw_job *job, uint64_t epoch, struct fw_gather *g,
                 int64_t now_ms);

/* If gradients wait for room: give back what only waves need, unless one is
 * under way and moves.  To be called again within a tenth of a second while
 * fw_job_has_line. */
void fw_job_relieve(struct fw_job *job, int64_t now_ms);

/* Do gradients wait for what only waves need? */
bool fw_job_has_line(const struct fw_job *job);

/* Apply a complete gradient: all checks, one step, version + 1, or a refusal
 * that changes nothing.  Takes the gather in any case.  FW_OK fills `ack` (a
 * refusal of this gradient is an ack with a reason: NON_FINITE, VERSION_AHEAD,
 * TOO_STALE, NOT_INITIALIZED, SEQUENCE_GAP, LATE); FENCED means that the
 * session has ended, and the stream with it.  OVERTAKEN: the gradient was
 * stepped as it came, and that is of no use; it has to be sent again, as if it
 * had not come.  FW_BUSY: its group holds it; see fw_job_hold. */
FW_MUST_USE fw_status fw_job_push(struct fw_job *job, uint64_t epoch,
                                  struct fw_gather *take, int64_t now_ms,
                                  struct fw_gradient_ack *ack,
                                  struct fw_err *err);

/* Behind fw_job_push's FW_BUSY: who is told when the step was made.  Lent until
 * one of its functions was called. */
void fw_job_hold(struct fw_job *job, uint64_t epoch, struct fw_held *held);

/* The parameters that a worker is to compute at: those of its group, or the
 * newest.  A reference; NULL while there are none. */
struct fw_version *fw_job_base(struct fw_job *job, uint64_t epoch,
                               int64_t now_ms);

/* When fw_job_tick must be called at the latest, for a lease that runs out or a
 * group's straggler deadline; INT64_MAX: at leisure. */
int64_t fw_job_next_ms(const struct fw_job *job);

/* The server is going down: groups step with what they have, now and as soon as
 * a gradient comes. */
void fw_job_hurry(struct fw_job *job, int64_t now_ms);

/* No more steps will be made: drop all who wait for one. */
void fw_job_drop_held(struct fw_job *job);

/* Goodbye by session; harmless if it is over. */
void fw_job_leave(struct fw_job *job, const uint8_t session[FW_SESSION_BYTES],
                  int64_t now_ms);

/* Take the gradients of a worker again that is in quarantine; harmless if it is
 * not.  WORKER_NOT_FOUND. */
FW_MUST_USE fw_status fw_job_release(struct fw_job *job, const char *worker,
                                     int64_t now_ms, struct fw_err *err);

/* Time passes: leases run out, the controller thinks.  Call every 250 ms. */
void fw_job_tick(struct fw_job *job, int64_t now_ms);

/* A validation result; VERSION_AHEAD. */
FW_MUST_USE fw_status fw_job_report(struct fw_job *job,
                                    const struct fw_report_request *r,
                                    struct fw_err *err);

/* An operator's wish; out->text is the decision's sentence. */
FW_MUST_USE fw_status fw_job_set_controller(struct fw_job *job,
                                            const struct fw_set_controller *set,
                                            int64_t now_ms,
                                            struct fw_sentence *out,
                                            struct fw_err *err);

/* Tell the job that `version` is on disk at `path`. */
void fw_job_durable(struct fw_job *job, uint64_t version, const char *path);

/* Tell it that it could not be saved; training goes on. */
void fw_job_not_saved(struct fw_job *job, const char *why);

/* Parameters and momentum of a checkpoint become the next version of a job that
 * trains; versions still rise, sessions go on.  Takes a complete gather in any
 * case.  NOT_INITIALIZED, NON_FINITE and OUT_OF_MEMORY change nothing. */
FW_MUST_USE fw_status fw_job_rewind(struct fw_job *job, struct fw_gather *take,
                                    const float *momentum, struct fw_err *err);

/* A snapshot; the caller closes it. */
FW_MUST_USE fw_status fw_job_status(const struct fw_job *job, int64_t now_ms,
                                    struct fw_job_status *out);

/* Staleness of the last gradients; the caller closes it.  FW_NOMEM. */
FW_MUST_USE fw_status fw_job_trace(const struct fw_job *job,
                                   struct fw_trace_response *out);

/* Decisions with an index above `after`, oldest first, at most `limit`;
 * `unix_offset_ms` turns job time into wall time. */
FW_MUST_USE fw_status fw_job_decisions(const struct fw_job *job, uint64_t after,
                                       uint32_t limit, int64_t unix_offset_ms,
                                       struct fw_decision_list *out);

#endif
