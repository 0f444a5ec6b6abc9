/* reason.h - every refusal flywheel sends over the wire, once.
 *
 * A reason travels as google.rpc.ErrorInfo{reason, domain "flywheel"} beside a
 * canonical gRPC code, and comes out of the SDK as fw_err.reason beside an
 * fw_status.  docs/protocol.md explains each to users; a test keeps the two
 * lists equal.
 *
 * Layer: sdk/wire.  Thread: any. */
#ifndef FW_WIRE_REASON_H
#define FW_WIRE_REASON_H

#include <stdint.h>

#include "sdk/base/status.h"

/* X(reason, fw_status, canonical gRPC code) */
#define FW_REASON_MAP(X)                                                       \
    X(JOB_NOT_FOUND, NOT_FOUND, 5)                                             \
    X(JOB_EXISTS, EXISTS, 6)                                                   \
    X(JOB_INVALID, INVALID, 3)                                                 \
    X(TOO_MANY_JOBS, BUSY, 8)                                                  \
    X(QUOTA_EXCEEDED, BUSY, 8)                                                 \
    X(THROTTLED, BUSY, 8)                                                      \
    X(NAME_INVALID, INVALID, 3)                                                \
    X(WORKER_EXISTS, EXISTS, 6)                                                \
    X(TOO_MANY_WORKERS, BUSY, 8)                                               \
    X(SHAPE_MISMATCH, INVALID, 3)                                              \
    X(UNKNOWN_TENSOR, INVALID, 3)                                              \
    X(DTYPE_UNSUPPORTED, INVALID, 3)                                           \
    X(PROTOCOL_UNSUPPORTED, PRECONDITION, 9)                                   \
    X(NOT_INITIALIZED, PRECONDITION, 9)                                        \
    X(SESSION_UNKNOWN, STALE, 10)                                              \
    X(FENCED, STALE, 10)                                                       \
    X(SEQUENCE_GAP, PRECONDITION, 9)                                           \
    X(VERSION_AHEAD, INVALID, 3)                                               \
    X(TOO_STALE, STALE, 10)                                                    \
    X(LATE, STALE, 10)                                                         \
    X(NON_FINITE, INVALID, 3)                                                  \
    X(OUTLIER, INVALID, 3)                                                     \
    X(QUARANTINED, DENIED, 7)                                                  \
    X(WORKER_NOT_FOUND, NOT_FOUND, 5)                                          \
    X(CHUNK_INVALID, INVALID, 3)                                               \
    X(MESSAGE_TOO_LARGE, BUSY, 8)                                              \
    X(MESSAGE_INVALID, INVALID, 3)                                             \
    X(CONTROLLER_INVALID, INVALID, 3)                                          \
    X(OUT_OF_MEMORY, BUSY, 8)                                                  \
    X(OVERLOADED, BUSY, 8)                                                     \
    X(OVERTAKEN, UNAVAILABLE, 14)                                              \
    X(DRAINING, UNAVAILABLE, 14)                                               \
    X(CHECKPOINT_NOT_FOUND, NOT_FOUND, 5)                                      \
    X(NOT_SAVED, UNAVAILABLE, 14)                                              \
    X(UNAUTHENTICATED, DENIED, 16)                                             \
    X(PERMISSION_DENIED, DENIED, 7)                                            \
    X(RUN_NOT_FOUND, NOT_FOUND, 5)                                             \
    X(HISTORY_UNAVAILABLE, UNAVAILABLE, 14)                                    \
    X(METHOD_UNKNOWN, UNSUPPORTED, 12)                                         \
    X(INTERNAL, INTERNAL, 13)

#define FW_REASON_DOMAIN "flywheel"

/* FW_REASON_JOB_NOT_FOUND is "JOB_NOT_FOUND" and so on: text that fits
 * fw_err.reason and fw_err_reason(). */
#define FW_REASON(code) #code

/* Refuse: FW_REFUSE(err, NON_FINITE, "gradient %d ...", 3) sets the reason and
 * the text and yields the fw_status that belongs to the reason. */
#define FW_REFUSE(err, code, ...)                                              \
    fw_err_reason(err, fw_reason_status(#code), #code, __VA_ARGS__)

/* The fw_status of a reason; FW_INTERNAL for one that is not in the list. */
fw_status fw_reason_status(const char *reason);

/* The canonical gRPC code to send for an outcome: that of err->reason if it is
 * in the list, else the one nearest to `s`. */
int fw_reason_grpc_code(fw_status s, const struct fw_err *err);

/* How long a client should wait before it tries again, where that helps and
 * nobody knows better; 0: it does not help. */
uint32_t fw_reason_retry_ms(const struct fw_err *err);

/* What a client makes of a canonical code that came without a reason. */
fw_status fw_reason_from_grpc_code(int code);

#endif
