/* codec_status.h - a job's status as generated structs, for the two messages
 * that carry one.
 *
 * Layer: sdk/wire.  Thread: any. */
#ifndef FW_WIRE_CODEC_STATUS_H
#define FW_WIRE_CODEC_STATUS_H

#include "sdk/wire/pack.h"

#include "flywheel/v1/status_service.pb-c.h"

/* A JobStatus that points into the plain one; close it before that. */
struct fw_packed_status {
    PB(JobStatus) status; /* its worker list is owned */
    PB(MomentumStatus) momentum;
    PB(StalenessStatus) staleness;
    PB(LossStatus) loss;
    PB(QuotaStatus) quota;
};

FW_MUST_USE fw_status fw_packed_status_init(struct fw_packed_status *p,
                                            const struct fw_job_status *m);
void fw_packed_status_close(struct fw_packed_status *p);

/* On failure `m` is closed. */
FW_MUST_USE fw_status fw_take_status(const PB(JobStatus) * p,
                                     struct fw_job_status *m,
                                     struct fw_err *err);

#endif
