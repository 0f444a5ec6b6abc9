/* admin.h - everything an operator or an evaluator asks of a server.
 *
 * For the command line (client/cli), not part of libflywheel's interface.
 * Every call blocks, has the handle's timeout, and brings back the server's
 * status and reason.  `err` may be NULL.
 *
 * Layer: sdk/client.  Thread: functions by any thread, one at a time a watch.
 * Lives in its owner's storage and must not move while open. */
#ifndef FW_CLIENT_ADMIN_H
#define FW_CLIENT_ADMIN_H

#include "sdk/client/connection.h"
#include "sdk/client/inbox.h"
#include "sdk/wire/history.h"
#include "sdk/wire/messages.h"

struct fw_admin {
    struct fw_connection connection; /* owned */
    uint32_t timeout_ms;             /* of one call, or since last progress */
};

/* Connect; a server that is not there yet is waited for.  `address` NULL: the
 * default.  FW_UNAVAILABLE tells why there is none. */
FW_MUST_USE fw_status fw_admin_open(struct fw_admin *a, const char *address,
                                    uint32_t timeout_ms, struct fw_err *err);

/* Watches must be closed before.  Safe twice and on zero. */
void fw_admin_close(struct fw_admin *a);

/* Is the server serving (true) or draining (false)? */
FW_MUST_USE fw_status fw_admin_health(struct fw_admin *a, bool *serving,
                                      struct fw_err *err);

/* JobService.  The caller closes `out` where it has a _close. */
FW_MUST_USE fw_status fw_admin_create_job(struct fw_admin *a,
                                          const struct fw_job_message *m,
                                          struct fw_job_message *out,
                                          struct fw_err *err);
FW_MUST_USE fw_status fw_admin_get_job(struct fw_admin *a, const char *job,
                                       struct fw_job_message *out,
                                       struct fw_err *err);
FW_MUST_USE fw_status fw_admin_list_jobs(struct fw_admin *a,
                                         struct fw_job_names *out,
                                         struct fw_err *err);
FW_MUST_USE fw_status fw_admin_delete_job(struct fw_admin *a,
                                          const struct fw_job_ref *m,
                                          struct fw_err *err);
FW_MUST_USE fw_status fw_admin_set_controller(struct fw_admin *a,
                                              const struct fw_set_controller *m,
                                              struct fw_sentence *out,
                                              struct fw_err *err);

FW_MUST_USE fw_status fw_admin_release(struct fw_admin *a,
                                       const struct fw_release *m,
                                       struct fw_err *err);

/* StatusService.  An empty or NULL job: all jobs, without their workers. */
FW_MUST_USE fw_status fw_admin_status(struct fw_admin *a, const char *job,
                                      struct fw_status_response *out,
                                      struct fw_err *err);
FW_MUST_USE fw_status fw_admin_decisions(struct fw_admin *a,
                                         const struct fw_decisions_request *m,
                                         struct fw_decision_list *out,
                                         struct fw_err *err);

/* Staleness of the job's last gradients; the caller closes it. */
FW_MUST_USE fw_status fw_admin_trace(struct fw_admin *a,
                                     const struct fw_trace_request *m,
                                     struct fw_trace_response *out,
                                     struct fw_err *err);

/* From the server's history; the caller closes them. */
FW_MUST_USE fw_status fw_admin_history(struct fw_admin *a,
                                       const struct fw_history_request *m,
                                       struct fw_history_series *out,
                                       struct fw_err *err);
FW_MUST_USE fw_status fw_admin_runs(struct fw_admin *a,
                                    const struct fw_runs_request *m,
                                    struct fw_run_list *out,
                                    struct fw_err *err);

/* CheckpointService.  The caller closes a list. */
FW_MUST_USE fw_status fw_admin_save(struct fw_admin *a,
                                    const struct fw_checkpoint_ref *m,
                                    struct fw_checkpoint_info *out,
                                    struct fw_err *err);
FW_MUST_USE fw_status fw_admin_checkpoints(struct fw_admin *a,
                                           const struct fw_checkpoint_ref *m,
                                           struct fw_checkpoint_list *out,
                                           struct fw_err *err);
FW_MUST_USE fw_status fw_admin_verify(struct fw_admin *a,
                                      const struct fw_checkpoint_ref *m,
                                      struct fw_checkpoint_list *out,
                                      struct fw_err *err);
FW_MUST_USE fw_status fw_admin_restore(struct fw_admin *a,
                                       const struct fw_checkpoint_ref *m,
                                       struct fw_checkpoint_info *out,
                                       struct fw_err *err);

/* TrainingService, without a session. */
FW_MUST_USE fw_status fw_admin_report(struct fw_admin *a, const char *job,
                                      const struct fw_evaluation *e,
                                      struct fw_err *err);

/* Receive the newest parameters: exactly `n` elements, or FW_INVALID with
 * SHAPE_MISMATCH. */
FW_MUST_USE fw_status fw_admin_pull(struct fw_admin *a, const char *job,
                                    float *values, uint64_t n,
                                    uint64_t *version, struct fw_err *err);

/* Upload the first parameters: all `n` elements. */
FW_MUST_USE fw_status fw_admin_initialize(struct fw_admin *a, const char *job,
                                          const float *values, uint64_t n,
                                          struct fw_initialize_response *out,
                                          struct fw_err *err);

/* A stream of a job's states.  Zero is closed. */
struct fw_admin_watch {
    struct fw_inbox inbox; /* owned */
};

FW_MUST_USE fw_status fw_admin_watch_open(struct fw_admin *a,
                                          const struct fw_status_request *m,
                                          struct fw_admin_watch *watch,
                                          struct fw_err *err);

/* The next state, which the caller closes.  FW_TIMEOUT if none has come in
 * `timeout_ms`: look at your flags and call again.  FW_CLOSED when the server
 * ends the stream. */
FW_MUST_USE fw_status fw_admin_watch_next(struct fw_admin_watch *watch,
                                          uint32_t timeout_ms,
                                          struct fw_watch_response *out,
                                          struct fw_err *err);
void fw_admin_watch_close(struct fw_admin_watch *watch);

#endif
