#include "tests/unit/wire/pb_messages.h"

#include "sdk/wire/codec.h"
#include "sdk/wire/saved_job.h"

#include "flywheel/v1/checkpoint.pb-c.h"
#include "flywheel/v1/checkpoint_service.pb-c.h"
#include "flywheel/v1/job_service.pb-c.h"
#include "flywheel/v1/status_service.pb-c.h"
#include "flywheel/v1/training_service.pb-c.h"

static void keep(void *m)
{
    (void)m;
}

#define CLOSE_OF(m)                                                            \
    _Generic(*(m), struct fw_join_request                                      \
             : fw_join_request_close, struct fw_job_message                    \
             : fw_job_message_close, struct fw_job_names                       \
             : fw_job_names_close, struct fw_status_response                   \
             : fw_status_response_close, struct fw_watch_response              \
             : fw_watch_response_close, struct fw_trace_response               \
             : fw_trace_response_close, struct fw_checkpoint_list              \
             : fw_checkpoint_list_close, struct fw_decision_list               \
             : fw_decision_list_close, struct fw_history_series                \
             : fw_history_series_close, struct fw_run_list                     \
             : fw_run_list_close, struct fw_job_spec                           \
             : fw_job_spec_close, struct fw_saved_job                          \
             : fw_saved_job_close, default                                     \
             : keep)(m)

/* again_NAME: decode and encode. */
#define DEFINE_AGAIN(name, type)                                               \
    static fw_status again_##name(const uint8_t *data, size_t n,               \
                                  struct fw_bytes *out, struct fw_err *err)    \
    {                                                                          \
        struct type m;                                                         \
        fw_status s = fw_decode_##name(data, n, &m, err);                      \
                                                                               \
        if (s != FW_OK)                                                        \
            return s;                                                          \
        s = fw_encode_##name(&m, out);                                         \
        CLOSE_OF(&m);                                                          \
        return s;                                                              \
    }
FW_CODEC_MAP(DEFINE_AGAIN)
DEFINE_AGAIN(job_spec, fw_job_spec)
DEFINE_AGAIN(saved_job, fw_saved_job)
#undef DEFINE_AGAIN

const struct pb_message pb_messages[] = {
#define NAME_MESSAGE(name, type)                                               \
    {#name, &flywheel__v1__##name##__descriptor, again_##name},
    FW_CODEC_MAP(NAME_MESSAGE) NAME_MESSAGE(job_spec, 0)
        NAME_MESSAGE(saved_job, 0)
#undef NAME_MESSAGE
};

const size_t pb_messages_n = sizeof(pb_messages) / sizeof(*pb_messages);
