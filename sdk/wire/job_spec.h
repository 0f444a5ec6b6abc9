/* job_spec.h - what a job is, as plain data.
 *
 * Mirrors proto/flywheel/v1/model.proto, where each field is explained.
 *
 * Layer: sdk/wire.  Thread: its owner's.  Zero is a valid, closed spec. */
#ifndef FW_WIRE_JOB_SPEC_H
#define FW_WIRE_JOB_SPEC_H

#include <stdbool.h>

#include "sdk/base/law.h"
#include "sdk/base/status.h"

#define FW_TENSORS_MAX            16384u       /* tensors in a job */
#define FW_ELEMENTS_MAX           (1ull << 34) /* elements in a job: 64 GiB of fp32 */
#define FW_LEASE_DEFAULT_MS       15000u
#define FW_WORKERS_MAX_DEFAULT    10000u
#define FW_PROBE_INTERVAL_DEFAULT 100u

struct fw_tensor_spec {
    char name[FW_TENSOR_NAME_MAX + 1];
    uint32_t rank;
    uint64_t shape[FW_RANK_MAX];
};

/* The flat vector's parts, in order. */
struct fw_tensor_list {
    struct fw_tensor_spec *items; /* owned */
    uint32_t n;
};

struct fw_optimizer_spec {
    bool nesterov;
    double l2;
    double weight_decay;
    double clip_norm; /* 0: off */
};

enum fw_schedule_kind {
    FW_SCHEDULE_CONSTANT = 1,
    FW_SCHEDULE_STEP = 2,
    FW_SCHEDULE_COSINE = 3,
};

struct fw_schedule_spec {
    enum fw_schedule_kind kind;
    uint64_t period;
    double factor;
    double final;
    uint64_t warmup;
};

struct fw_controller_spec {
    enum fw_law law;
    double reference_momentum;
    double reference_learning_rate;
    bool allow_negative_momentum;
    double momentum_floor;
    enum fw_step_policy step_policy;
    uint32_t groups;
    bool groups_auto;
    uint32_t buffer;
    uint32_t straggler_deadline_ms;
    uint32_t probe_interval; /* 0: the default; UINT32_MAX: no probes */
};

/* What a job may use; 0: no limit. */
struct fw_quota_spec {
    uint64_t memory_bytes;     /* held, all together */
    uint64_t bytes_per_second; /* gradients that come, parameters that go */
    double gradients_per_second;
};

struct fw_limits_spec {
    uint32_t max_workers;
    uint64_t max_staleness;
    uint64_t buffer_bytes;
    uint32_t lease_ms;
    double outlier_norm; /* 0: the default; below 0: none */
    bool outlier_reject;
    struct fw_quota_spec quota; /* asked for */
    struct fw_quota_spec caps;  /* the server's; does not travel */
};

struct fw_job_spec {
    char name[FW_NAME_MAX + 1];
    struct fw_tensor_list tensors;
    struct fw_optimizer_spec optimizer;
    struct fw_schedule_spec schedule;
    struct fw_controller_spec controller;
    struct fw_limits_spec limits;
};

void fw_tensor_list_close(struct fw_tensor_list *l);
FW_MUST_USE fw_status fw_tensor_list_copy(const struct fw_tensor_list *from,
                                          struct fw_tensor_list *to);

/* Elements of one tensor or of all; only for lists that were checked. */
uint64_t fw_tensor_spec_elements(const struct fw_tensor_spec *t);
uint64_t fw_tensor_list_elements(const struct fw_tensor_list *l);

/* Names unique and 1..127 bytes of UTF-8 without control characters, ranks and
 * products within limits (overflow checked), at least one element. */
FW_MUST_USE fw_status fw_tensor_list_check(const struct fw_tensor_list *l,
                                           struct fw_err *err);

/* FW_OK if `given` names the same tensors of the same shapes in the same order
 * as `want`; else UNKNOWN_TENSOR or SHAPE_MISMATCH, naming the first one that
 * differs and both shapes. */
FW_MUST_USE fw_status fw_tensor_list_match(const struct fw_tensor_list *want,
                                           const struct fw_tensor_list *given,
                                           struct fw_err *err);

void fw_job_spec_close(struct fw_job_spec *s);
FW_MUST_USE fw_status fw_job_spec_copy(const struct fw_job_spec *from,
                                       struct fw_job_spec *to);

/* Put the documented default wherever a field is zero and zero means default:
 * law (FW_LAW_MARGIN), step policy,
 * schedule kind, max_workers, lease_ms, probe_interval. */
void fw_job_spec_default(struct fw_job_spec *s);

/* Refuse with JOB_INVALID / NAME_INVALID, naming the field and what it may be:
 * momentum in (-1, 1), learning rate > 0, finite everything, factor in (0, 1],
 * period > 0 where the kind needs it, lease 2 to 300 s, ... */
FW_MUST_USE fw_status fw_job_spec_check(const struct fw_job_spec *s,
                                        struct fw_err *err);

#endif
