/* messages.h - the messages of flywheel.v1 as plain structs.
 *
 * The proto files explain every field; here a number that the sender did not
 * know is NAN.  Fixed-size texts are always terminated.  A message with a
 * _close owns its lists; zero is valid and closed.
 *
 * Layer: sdk/wire.  Thread: its owner's. */
#ifndef FW_WIRE_MESSAGES_H
#define FW_WIRE_MESSAGES_H

#include "sdk/wire/job_spec.h"

#define FW_PROTOCOL          1u
#define FW_SESSION_BYTES     16
#define FW_TEXT_MAX          128 /* who, why, binding, cause, detail */
#define FW_DEGRADED_FROM     3u  /* checkpoints in a row that failed */
#define FW_SENTENCE_MAX      320
#define FW_REASON_MAX        32
#define FW_PATH_MAX          1024
#define FW_HISTOGRAM_MAX     64 /* bars of a staleness histogram; last: more */
#define FW_LANE_LOCAL_MAX    64 /* of an abstract socket's name */
#define FW_MESSAGE_MAX_BYTES (1u << 20)

struct fw_join_request {
    char job[FW_NAME_MAX + 1];
    char worker[FW_NAME_MAX + 1];
    struct fw_tensor_list tensors; /* owned; may be empty */
    enum fw_dtype wire_dtype;
    uint32_t protocol_min;
    uint32_t protocol_max;
};

struct fw_join_response {
    uint8_t session[FW_SESSION_BYTES];
    uint64_t epoch;
    enum fw_dtype wire_dtype;
    uint64_t n_elements;
    uint32_t chunk_elements;
    bool initialized;
    uint64_t version;
    uint64_t incarnation;
    uint32_t lease_ms;
    uint32_t heartbeat_ms;
    uint32_t probe_interval;
    uint32_t protocol;
    uint64_t resume_sequence;
    bool probe;             /* its next gradient is wanted with a probe */
    uint32_t port;          /* where the server listens for gRPC */
    uint32_t lane_port;     /* where for lanes (frame.h); 0: nowhere */
    uint32_t lane_tls_port; /* where for lanes under TLS; 0: nowhere */
    char lane_local[FW_LANE_LOCAL_MAX + 1]; /* abstract unix socket for lanes
                                               through memory; "": none */
};

/* LeaveRequest and TrainOpen. */
struct fw_session_key {
    char job[FW_NAME_MAX + 1];
    uint8_t session[FW_SESSION_BYTES];
    bool resends; /* of TrainOpen */
};

/* Everything of a GradientChunk but its data. */
struct fw_gradient_head {
    uint64_t sequence;
    uint64_t base_version;
    uint64_t offset;
    uint64_t samples;
    double loss;      /* NAN: not known */
    double curvature; /* NAN: no probe */
    bool want_parameters;
};

/* Everything of a ParametersChunk, PullResponse or InitializeRequest but its
 * data; fields that the message lacks are ignored or zero. */
struct fw_parameters_head {
    char job[FW_NAME_MAX + 1]; /* InitializeRequest */
    uint64_t version;
    uint64_t offset;
    uint64_t n_elements; /* PullResponse */
};

struct fw_opened {
    uint64_t version;
    uint64_t incarnation;
    uint64_t sequence;
    uint64_t applied;
};

struct fw_gradient_ack {
    uint64_t sequence;
    char reason[FW_REASON_MAX]; /* empty: applied */
    char detail[FW_SENTENCE_MAX];
    uint64_t version;
    uint64_t staleness;
    double momentum;
    double learning_rate;
    uint64_t durable_version;
    uint64_t incarnation;
    bool duplicate;
    bool probe; /* its next gradient is wanted with a probe */
};

struct fw_initialize_response {
    uint64_t version;
    bool already_initialized;
};

struct fw_pull_request {
    char job[FW_NAME_MAX + 1];
    enum fw_dtype wire_dtype;
};

struct fw_report_request {
    char job[FW_NAME_MAX + 1];
    uint64_t version;
    uint64_t samples;
    double loss;
    double accuracy; /* NAN: not a classifier */
};

/* CreateJobRequest; Create- and GetJobResponse leave request_id empty. */
struct fw_job_message {
    struct fw_job_spec spec; /* owned */
    char request_id[FW_NAME_MAX + 1];
};

/* GetJob- and DeleteJobRequest. */
struct fw_job_ref {
    char job[FW_NAME_MAX + 1];
    char request_id[FW_NAME_MAX + 1];
};

/* ReleaseWorkerRequest. */
struct fw_release {
    char job[FW_NAME_MAX + 1];
    char worker[FW_NAME_MAX + 1];
    char request_id[FW_NAME_MAX + 1];
};

struct fw_job_names {
    char (*items)[FW_NAME_MAX + 1]; /* owned */
    uint32_t n;
};

struct fw_set_controller {
    char job[FW_NAME_MAX + 1];
    enum fw_law law;
    double momentum;      /* NAN: not given */
    double learning_rate; /* NAN: not given */
    char who[FW_TEXT_MAX];
    char why[FW_TEXT_MAX];
    char request_id[FW_NAME_MAX + 1];
};

struct fw_status_request {
    char job[FW_NAME_MAX + 1]; /* empty: all */
    uint32_t interval_ms;      /* WatchStatus */
};

struct fw_decisions_request {
    char job[FW_NAME_MAX + 1];
    uint64_t after;
    uint32_t limit;
};

struct fw_trace_request {
    char job[FW_NAME_MAX + 1];
};

struct fw_trace_response {
    uint32_t *taus; /* owned; oldest first */
    uint32_t n;
    uint32_t workers;
    uint64_t version;
};

struct fw_server_status {
    char version[32];
    uint64_t incarnation;
    uint64_t uptime_ms;
    uint32_t jobs;
    bool draining;
    int64_t unix_ms; /* its clock; 0: not told */
};

enum fw_job_state {
    FW_JOB_WAITING = 1,
    FW_JOB_TRAINING = 2,
};

enum fw_worker_state {
    FW_WORKER_CONNECTED = 1,
    FW_WORKER_LOST = 2,
    FW_WORKER_LEFT = 3,
};

struct fw_worker_status {
    char name[FW_NAME_MAX + 1];
    uint64_t epoch;
    enum fw_worker_state state;
    uint64_t silent_ms;
    uint64_t gradients;
    uint64_t refused;
    uint64_t samples;
    double gradients_per_second;
    double staleness_mean;
    uint64_t base_version;
    enum fw_dtype wire_dtype;
    uint64_t staleness_p95;
    uint32_t group; /* 1, 2 ...; 0: it steps alone */
    uint64_t strikes;
    bool quarantined;
};

struct fw_staleness_status {
    uint64_t samples;
    double mean;
    double deviation_ratio;
    uint64_t p50;
    uint64_t p95;
    uint64_t p99;
    uint32_t n_histogram;
    uint64_t histogram[FW_HISTOGRAM_MAX];
    uint64_t ever[FW_HISTOGRAM_MAX]; /* since the start; not on the wire */
    uint64_t ever_sum;               /* of taus since then; not on the wire */
};

struct fw_momentum_status {
    enum fw_law law;
    double reference;
    double momentum;
    double target;
    double learning_rate;
    double effective_step;
    double step_bound;
    double curvature;
    double implicit_predicted;
    double implicit_trace;
    double total_measured; /* NAN: not known */
    char binding[FW_TEXT_MAX];
    char sentence[FW_SENTENCE_MAX];
    double twin_ms;
    double reference_step;
    uint64_t probes_asked;
    uint64_t probes_used;
    uint64_t probes_refused;
    uint64_t loss_alarms;
};

struct fw_loss_status {
    double training; /* NAN: none yet; so below */
    uint64_t training_version;
    double validation;
    double accuracy;
    uint64_t validation_version;
};

struct fw_quota_status {
    uint64_t memory_bytes; /* held now */
    struct fw_quota_spec granted;
    uint64_t waits; /* times that a worker was made to wait for the rates */
    double waited_seconds;
};

struct fw_job_status {
    char name[FW_NAME_MAX + 1];
    enum fw_job_state state;
    uint64_t version;
    uint64_t durable_version;
    uint64_t incarnation;
    uint32_t workers;
    uint64_t n_elements;
    uint64_t samples;
    double samples_per_second;
    double gradients_per_second;
    uint64_t gradients_applied;
    uint64_t gradients_refused;
    uint32_t groups; /* that step together; 0: every worker alone */
    uint64_t workers_lost;
    struct fw_momentum_status momentum;
    struct fw_staleness_status staleness;
    struct fw_loss_status loss;
    struct fw_worker_status *worker; /* owned */
    uint32_t n_workers;              /* in `worker`, lost and left ones too */
    char checkpoint[FW_PATH_MAX];
    uint32_t checkpoint_failures; /* in a row */
    char checkpoint_error[FW_SENTENCE_MAX];
    uint32_t checkpoints_bad;
    uint64_t gradients_clipped;
    uint32_t quarantined;
    struct fw_quota_status quota;
    double gradient_norm;
    double update_norm;
    uint64_t age_ms;
    double worker_seconds;
};

struct fw_status_response {
    struct fw_server_status server;
    struct fw_job_status *jobs; /* owned */
    uint32_t n_jobs;
};

struct fw_watch_response {
    struct fw_job_status job; /* owned */
    uint64_t skipped;
};

struct fw_decision_message {
    uint64_t index;
    int64_t unix_ms;
    uint64_t version;
    uint32_t workers;
    double staleness_mean;
    double staleness_deviation_ratio;
    double curvature;
    enum fw_law law;
    double momentum_before;
    double momentum_after;
    double learning_rate_before;
    double learning_rate_after;
    double step_bound;
    char binding[FW_TEXT_MAX];
    char cause[FW_TEXT_MAX];
    char who[FW_TEXT_MAX];
    char why[FW_TEXT_MAX];
    char sentence[FW_SENTENCE_MAX];
};

struct fw_decision_list {
    struct fw_decision_message *items; /* owned */
    uint32_t n;
};

/* SetControllerResponse. */
struct fw_sentence {
    char text[FW_SENTENCE_MAX];
};

/* Save-, List-, Verify- and RestoreCheckpoint's requests; fields that a
 * message lacks are empty. */
struct fw_checkpoint_ref {
    char job[FW_NAME_MAX + 1];
    uint64_t version;
    char request_id[FW_NAME_MAX + 1];
};

enum fw_checkpoint_state {
    FW_CHECKPOINT_UNSEEN = 0, /* not looked at */
    FW_CHECKPOINT_GOOD = 1,
    FW_CHECKPOINT_BROKEN = 2,
    FW_CHECKPOINT_SET_ASIDE = 3,
};

struct fw_checkpoint_info {
    uint64_t version;
    char file[FW_TEXT_MAX]; /* its name in the job's folder */
    uint64_t bytes;
    enum fw_checkpoint_state state;
    char detail[FW_SENTENCE_MAX]; /* what is wrong with it */
};

struct fw_checkpoint_list {
    struct fw_checkpoint_info *items; /* owned; newest first */
    uint32_t n;
};

enum fw_health {
    FW_HEALTH_UNKNOWN = 0,
    FW_HEALTH_SERVING = 1,
    FW_HEALTH_NOT_SERVING = 2,
    FW_HEALTH_SERVICE_UNKNOWN = 3,
};

void fw_join_request_close(struct fw_join_request *m);
void fw_job_message_close(struct fw_job_message *m);
void fw_job_names_close(struct fw_job_names *m);
void fw_job_status_close(struct fw_job_status *m);
void fw_status_response_close(struct fw_status_response *m);
void fw_watch_response_close(struct fw_watch_response *m);
void fw_trace_response_close(struct fw_trace_response *m);
void fw_checkpoint_list_close(struct fw_checkpoint_list *m);
void fw_decision_list_close(struct fw_decision_list *m);

/* A deep copy, for publishing. */
FW_MUST_USE fw_status fw_job_status_copy(const struct fw_job_status *from,
                                         struct fw_job_status *to);

#endif
