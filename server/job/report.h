/* report.h - what a job tells about its progress: losses, rates, counts.
 *
 * Layer: server/job.  Thread: the job's.  Lives inside struct fw_job. */
#ifndef FW_JOB_REPORT_H
#define FW_JOB_REPORT_H

#include <stdint.h>

struct fw_report {
    double training;             /* smoothed loss; NAN: none yet */
    uint64_t training_version;   /* of the newest loss */
    double validation;           /* last reported; NAN: none yet */
    double accuracy;             /* share correct; NAN: none */
    uint64_t validation_version; /* of the newest validation */
    uint64_t samples;            /* in applied gradients */
    uint64_t applied;            /* gradients */
    uint64_t refused;            /* gradients */
    double samples_per_second;   /* smoothed */
    double gradients_per_second; /* smoothed */
    int64_t rate_at_ms;          /* when the rates were last brought up */
    uint64_t rate_samples;       /* samples then */
    uint64_t rate_applied;       /* gradients then */
    double worker_seconds;       /* of connected workers */
    int64_t cost_at_ms;          /* until when they are counted */
};

void fw_report_init(struct fw_report *r, int64_t now_ms);

/* A gradient was applied; a loss that is not finite is not smoothed in. */
void fw_report_gradient(struct fw_report *r, double loss, uint64_t samples,
                        uint64_t version);

/* A validation result; an older version than the newest is ignored. */
void fw_report_validation(struct fw_report *r, double loss, double accuracy,
                          uint64_t version);

/* Bring the rates up to `now_ms` (at most about once a second). */
void fw_report_tick(struct fw_report *r, uint32_t workers, int64_t now_ms);

#endif
