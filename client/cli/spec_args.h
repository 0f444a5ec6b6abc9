/* spec_args.h - the options that describe a job, for `job create` and `train`.
 *
 * Layer: client/cli.  Thread: the main one.  Texts are lent by argv. */
#ifndef FW_CLI_SPEC_ARGS_H
#define FW_CLI_SPEC_ARGS_H

#include "client/cli/args.h"
#include "sdk/wire/job_spec.h"

#define FW_SPEC_ARGS 25 /* rows that fw_spec_args_rows() makes */

struct fw_spec_args {
    double momentum;
    double learning_rate;
    double l2;
    double weight_decay;
    double clip_norm;
    double outlier_norm; /* 0: the default */
    double floor;
    const char *law;
    const char *schedule; /* constant, step:P:F, cosine:P[:FINAL] */
    const char *step_policy;
    uint64_t warmup;
    uint64_t max_workers;
    uint64_t max_staleness;
    uint64_t lease_ms;
    uint64_t probe_interval; /* UINT64_MAX: not given */
    uint64_t buffer_bytes;
    uint64_t memory_bytes; /* 0: no limit; so below */
    uint64_t bytes_per_second;
    double gradients_per_second;
    uint64_t buffer;                /* gradients in a step; 0: each */
    uint64_t straggler_deadline_ms; /* 0: by the rounds seen */
    const char *groups;             /* a number or auto */
    bool outlier_reject;
    bool nesterov;
    bool allow_negative_momentum;
};

/* The defaults: momentum .9, learning rate .01, law margin. */
void fw_spec_args_init(struct fw_spec_args *a);

/* The rows of a table of options that fill in `a`. */
void fw_spec_args_rows(struct fw_spec_args *a, struct fw_arg *rows);

/* Write everything but name and tensors to `spec`.  FW_INVALID names the
 * option that is wrong. */
FW_MUST_USE fw_status fw_spec_args_apply(const struct fw_spec_args *a,
                                         struct fw_job_spec *spec,
                                         struct fw_err *err);

/* "weight:64x10,bias:10,scale" as tensors.  FW_INVALID quotes what is wrong;
 * the wire's own checks come later. */
FW_MUST_USE fw_status fw_tensors_parse(const char *text,
                                       struct fw_tensor_list *out,
                                       struct fw_err *err);

#endif
