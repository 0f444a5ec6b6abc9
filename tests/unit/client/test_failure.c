/* How a call ended becomes a status, a reason and a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <grpc/slice.h>

#include "sdk/client/failure.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/reason.h"

/* An ending as gRPC hands it over, with a trailer of `raw` if that is not
 * empty. */
struct ended {
    struct fw_ending ending;
    grpc_metadata trailer;
};

static fw_status status_of(int code, const char *details,
                           const struct fw_bytes *raw, struct fw_err *err)
{
    struct ended e;
    fw_status s;

    fw_ending_init(&e.ending);
    e.ending.code = (grpc_status_code)code;
    e.ending.details = grpc_slice_from_copied_string(details);
    if (raw) {
        e.trailer.key =
            grpc_slice_from_static_string("grpc-status-details-bin");
        e.trailer.value =
            grpc_slice_from_copied_buffer((const char *)raw->data, raw->n);
        e.ending.trailers.metadata = &e.trailer;
        e.ending.trailers.count = 1;
    }
    s = fw_ending_status(&e.ending, err);
    if (raw)
        grpc_slice_unref(e.trailer.value);
    grpc_metadata_array_init(&e.ending.trailers);
    fw_ending_close(&e.ending);
    return s;
}

static void a_reason_in_the_trailer_decides(void **state)
{
    struct fw_err sent;
    struct fw_err got;
    struct fw_bytes raw = {0};

    (void)state;
    (void)FW_REFUSE(&sent, FENCED, "the lease was lost");
    assert_int_equal(fw_encode_error(10, &sent, 0, &raw), FW_OK);
    assert_int_equal(status_of(10, "the lease was lost", &raw, &got), FW_STALE);
    assert_string_equal(got.reason, "FENCED");
    assert_string_equal(got.text, "the lease was lost");
    fw_bytes_close(&raw);
}

/* Every RESOURCE_EXHAUSTED says how long to wait, but those for which waiting
 * is no mend. */
static void what_passes_says_how_long_to_wait(void **state)
{
    static const char *const last[] = {"TOO_MANY_JOBS", "QUOTA_EXCEEDED",
                                       "MESSAGE_TOO_LARGE"};
    static const struct {
        const char *reason;
        int code;
    } all[] = {
#define ROW(reason, status, code) {#reason, code},
        FW_REASON_MAP(ROW)
#undef ROW
    };
    static const char word[] = "google.rpc.RetryInfo";

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct fw_bytes raw = {0};
        struct fw_err sent;
        bool passes = all[i].code == 8;

        for (size_t k = 0; k < sizeof(last) / sizeof(last[0]); k++)
            passes = passes && strcmp(all[i].reason, last[k]) != 0;
        (void)fw_err_reason(&sent, FW_BUSY, all[i].reason, "no");
        assert_int_equal(fw_reason_retry_ms(&sent) > 0, passes);
        assert_int_equal(fw_encode_error(all[i].code, &sent, 0, &raw), FW_OK);
        assert_int_equal(memmem(raw.data, raw.n, word, strlen(word)) != NULL,
                         passes);
        fw_bytes_close(&raw);
    }
}

static void a_reason_of_a_newer_server_keeps_the_code(void **state)
{
    struct fw_err sent = {"NOT_INVENTED_YET", "something new"};
    struct fw_err got;
    struct fw_bytes raw = {0};

    (void)state;
    assert_int_equal(fw_encode_error(8, &sent, 0, &raw), FW_OK);
    assert_int_equal(status_of(8, "something new", &raw, &got), FW_BUSY);
    assert_string_equal(got.reason, "NOT_INVENTED_YET");
    fw_bytes_close(&raw);
}

static void a_bare_code_has_a_status_and_no_reason(void **state)
{
    struct fw_err got;

    (void)state;
    assert_int_equal(status_of(14, "connection refused", NULL, &got),
                     FW_UNAVAILABLE);
    assert_string_equal(got.reason, "");
    assert_string_equal(got.text, "connection refused");
    assert_int_equal(status_of(4, "", NULL, &got), FW_TIMEOUT);
    assert_string_equal(got.text, fw_status_text(FW_TIMEOUT));
    assert_int_equal(status_of(999, "?", NULL, &got), FW_INTERNAL);
    assert_int_equal(status_of(5, "?", NULL, NULL), FW_NOT_FOUND);
}

static void a_trailer_that_is_rubbish_changes_nothing(void **state)
{
    uint8_t bytes[] = {0xff, 0xff, 0xff, 0x01};
    struct fw_bytes raw = {bytes, sizeof(bytes), sizeof(bytes)};
    struct fw_err got;

    (void)state;
    assert_int_equal(status_of(3, "no", &raw, &got), FW_INVALID);
    assert_string_equal(got.reason, "");
    assert_string_equal(got.text, "no");
}

static void success_is_ok(void **state)
{
    (void)state;
    assert_int_equal(status_of(0, "", NULL, NULL), FW_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reason_in_the_trailer_decides),
        cmocka_unit_test(what_passes_says_how_long_to_wait),
        cmocka_unit_test(a_reason_of_a_newer_server_keeps_the_code),
        cmocka_unit_test(a_bare_code_has_a_status_and_no_reason),
        cmocka_unit_test(a_trailer_that_is_rubbish_changes_nothing),
        cmocka_unit_test(success_is_ok),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
