/* Every message that is protobuf: what is decoded can be encoded, and comes out
 * the same from then on.
 *
 * Input: which message, then its bytes. */
#include <string.h>

#include "sdk/wire/codec.h"
#include "tests/fuzz/fuzz.h"

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
             : fw_job_spec_close, default                                      \
             : keep)(m)

#define DEFINE_TRY(name, type)                                                 \
    static void try_##name(const uint8_t *data, size_t n)                      \
    {                                                                          \
        struct type a = {0};                                                   \
        struct type b = {0};                                                   \
        struct fw_bytes once = {0};                                            \
        struct fw_bytes twice = {0};                                           \
                                                                               \
        if (fw_decode_##name(data, n, &a, NULL) != FW_OK)                      \
            return;                                                            \
        fuzz_check(fw_encode_##name(&a, &once) == FW_OK, "it is encoded");     \
        fuzz_check(fw_decode_##name(once.data, once.n, &b, NULL) == FW_OK,     \
                   "what we write we read: " #name);                           \
        fuzz_check(fw_encode_##name(&b, &twice) == FW_OK, "it is encoded");    \
        fuzz_check(                                                            \
            once.n == twice.n &&                                               \
                (!once.n || memcmp(once.data, twice.data, once.n) == 0),       \
            "it stays the same: " #name);                                      \
        CLOSE_OF(&a);                                                          \
        CLOSE_OF(&b);                                                          \
        fw_bytes_close(&once);                                                 \
        fw_bytes_close(&twice);                                                \
    }
FW_CODEC_MAP(DEFINE_TRY)
DEFINE_TRY(job_spec, fw_job_spec)
#undef DEFINE_TRY

static void try_others(const uint8_t *data, size_t n)
{
    char service[FW_TEXT_MAX];
    struct fw_err err = {0};
    enum fw_health health;
    struct fw_bytes out = {0};

    fw_decode_error(data, n, &err);
    fuzz_check(memchr(err.text, 0, sizeof(err.text)) &&
                   memchr(err.reason, 0, sizeof(err.reason)),
               "an error's texts end");
    (void)!fw_decode_health_request(data, n, service, NULL);
    (void)!fw_decode_health_response(data, n, &health, NULL);
    (void)!fw_reflection_answer(data, n, &out, NULL);
    fw_bytes_close(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static void (*const tries[])(const uint8_t *, size_t) = {
#define NAME_TRY(name, type) try_##name,
        FW_CODEC_MAP(NAME_TRY)
#undef NAME_TRY
            try_job_spec,
        try_others};

    if (n > 0 && n <= FUZZ_INPUT_MAX)
        tries[data[0] % (sizeof(tries) / sizeof(tries[0]))](data + 1, n - 1);
    return 0;
}
