/* saved_job.h - what a checkpoint holds of a job beside its floats.
 *
 * Mirrors proto/flywheel/v1/checkpoint.proto, where each field is explained.
 *
 * Layer: sdk/wire.  Thread: its owner's.  Zero is valid and closed. */
#ifndef FW_WIRE_SAVED_JOB_H
#define FW_WIRE_SAVED_JOB_H

#include "sdk/base/bytes.h"
#include "sdk/wire/messages.h"

#define FW_SAVED_BYTES_MAX (6u << 20) /* packed; hex is twice as long */
#define FW_SAVED_TAUS_MAX  4096u
#define FW_SAVED_PROBES    6u

struct fw_saved_session {
    char worker[FW_NAME_MAX + 1];
    uint8_t key[FW_SESSION_BYTES]; /* secret */
    uint64_t epoch;
    enum fw_dtype dtype;
    uint64_t sequence;
    struct fw_gradient_ack last_ack;
    uint64_t base_version;
    uint64_t gradients;
    uint64_t refused;
    uint64_t samples;
    double staleness_sum;
    uint64_t strikes;
    bool quarantined;
};

struct fw_saved_tau {
    uint32_t tau;
    uint32_t workers;
    uint32_t worker;
};

struct fw_saved_controller {
    enum fw_law law;
    double momentum;
    double learning_rate;
    double pinned_momentum;
    double pinned_rate;
    double trim;
    double curvature;
    double curvature_usual;
    double probe[FW_SAVED_PROBES];
    uint64_t probes;
    uint64_t probes_refused;
    uint32_t probe_gap;
    uint64_t probe_next;
    uint64_t probes_asked;
    uint64_t probes_answered;
    double loss_recent;
    double loss_lowest;
    uint64_t loss_alarms;
};

struct fw_saved_report {
    double training;
    uint64_t training_version;
    double validation;
    double accuracy;
    uint64_t validation_version;
    uint64_t samples;
    uint64_t applied;
    uint64_t refused;
    double worker_seconds;
};

struct fw_saved_job {
    uint64_t epoch;
    uint64_t workers_lost;
    struct fw_saved_session *sessions; /* owned */
    uint32_t n_sessions;
    struct fw_saved_controller controller;
    struct fw_saved_report report;
    struct fw_saved_tau *taus; /* owned */
    uint32_t n_taus;
    uint64_t tau_total;
};

/* Forgets the secrets. */
void fw_saved_job_close(struct fw_saved_job *m);

/* As in codec.h: encoding appends, decoding checks every limit. */
FW_MUST_USE fw_status fw_encode_saved_job(const struct fw_saved_job *m,
                                          struct fw_bytes *out);
FW_MUST_USE fw_status fw_decode_saved_job(const uint8_t *data, size_t n,
                                          struct fw_saved_job *out,
                                          struct fw_err *err);

#endif
