/* codec.h - plain structs to protobuf and back; the only door to protobuf-c.
 *
 * Encoding appends to `out`; FW_NOMEM leaves it as it was.  Decoding checks
 * every limit (names, counts, enums, text lengths, sizes before allocation)
 * and refuses with MESSAGE_INVALID, naming the field, or NAME_INVALID; then
 * `out` is closed and zero.  On success the caller closes `out` where the
 * message has a _close.  Unknown fields are ignored, unknown enum values
 * refused.
 *
 * Messages that carry parameters or gradients are in sdk/wire/chunk.h.
 *
 * Layer: sdk/wire.  Thread: any. */
#ifndef FW_WIRE_CODEC_H
#define FW_WIRE_CODEC_H

#include "sdk/base/bytes.h"
#include "sdk/wire/history.h"
#include "sdk/wire/messages.h"

/* X(name in functions, struct): fw_encode_NAME and fw_decode_NAME */
#define FW_CODEC_MAP(X)                                                        \
    X(join_request, fw_join_request)                                           \
    X(join_response, fw_join_response)                                         \
    X(leave_request, fw_session_key)                                           \
    X(initialize_response, fw_initialize_response)                             \
    X(pull_request, fw_pull_request)                                           \
    X(report_request, fw_report_request)                                       \
    X(create_job_request, fw_job_message)                                      \
    X(create_job_response, fw_job_message)                                     \
    X(get_job_request, fw_job_ref)                                             \
    X(get_job_response, fw_job_message)                                        \
    X(list_jobs_response, fw_job_names)                                        \
    X(delete_job_request, fw_job_ref)                                          \
    X(set_controller_request, fw_set_controller)                               \
    X(release_worker_request, fw_release)                                      \
    X(set_controller_response, fw_sentence)                                    \
    X(get_status_request, fw_status_request)                                   \
    X(get_status_response, fw_status_response)                                 \
    X(watch_status_request, fw_status_request)                                 \
    X(watch_status_response, fw_watch_response)                                \
    X(list_decisions_request, fw_decisions_request)                            \
    X(list_decisions_response, fw_decision_list)                               \
    X(get_trace_request, fw_trace_request)                                     \
    X(get_trace_response, fw_trace_response)                                   \
    X(get_history_request, fw_history_request)                                 \
    X(get_history_response, fw_history_series)                                 \
    X(list_runs_request, fw_runs_request)                                      \
    X(list_runs_response, fw_run_list)                                         \
    X(save_checkpoint_request, fw_checkpoint_ref)                              \
    X(save_checkpoint_response, fw_checkpoint_info)                            \
    X(list_checkpoints_request, fw_checkpoint_ref)                             \
    X(list_checkpoints_response, fw_checkpoint_list)                           \
    X(verify_checkpoints_request, fw_checkpoint_ref)                           \
    X(verify_checkpoints_response, fw_checkpoint_list)                         \
    X(restore_checkpoint_request, fw_checkpoint_ref)                           \
    X(restore_checkpoint_response, fw_checkpoint_info)

#define FW_CODEC_DECLARE(name, type)                                           \
    FW_MUST_USE fw_status fw_encode_##name(const struct type *m,               \
                                           struct fw_bytes *out);              \
    FW_MUST_USE fw_status fw_decode_##name(                                    \
        const uint8_t *data, size_t n, struct type *out, struct fw_err *err);
FW_CODEC_MAP(FW_CODEC_DECLARE)
#undef FW_CODEC_DECLARE

/* The job spec alone (JobSpec), for files. */
FW_MUST_USE fw_status fw_encode_job_spec(const struct fw_job_spec *m,
                                         struct fw_bytes *out);
FW_MUST_USE fw_status fw_decode_job_spec(const uint8_t *data, size_t n,
                                         struct fw_job_spec *out,
                                         struct fw_err *err);

/* google.rpc.Status with an ErrorInfo: the grpc-status-details-bin trailer.
 * With a RetryInfo, too, if it helps to try again: after `retry_ms`, or for 0
 * what the reason says. */
FW_MUST_USE fw_status fw_encode_error(int grpc_code, const struct fw_err *err,
                                      uint32_t retry_ms, struct fw_bytes *out);

/* Fill err->reason, and the text if it is empty, from such a trailer; what is
 * not one leaves `err` as it was. */
void fw_decode_error(const uint8_t *data, size_t n, struct fw_err *err);

/* grpc.health.v1 */
FW_MUST_USE fw_status fw_decode_health_request(const uint8_t *data, size_t n,
                                               char service[FW_TEXT_MAX],
                                               struct fw_err *err);
FW_MUST_USE fw_status fw_encode_health_response(enum fw_health health,
                                                struct fw_bytes *out);
FW_MUST_USE fw_status fw_decode_health_response(const uint8_t *data, size_t n,
                                                enum fw_health *health,
                                                struct fw_err *err);

/* grpc.reflection.v1alpha: the whole answer to one request, from the
 * descriptors compiled into the library. */
FW_MUST_USE fw_status fw_reflection_answer(const uint8_t *request, size_t n,
                                           struct fw_bytes *out,
                                           struct fw_err *err);

#endif
