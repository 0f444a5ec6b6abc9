/* GetTrace and the decisions' new words, there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/wire/codec.h"

#define TOO_MANY 65537u

static void a_trace_comes_back_as_it_was(void **state)
{
    uint32_t taus[] = {0, 7, 300, UINT32_MAX};
    struct fw_trace_response in = {
        .taus = taus, .n = 4, .workers = 3, .version = 1ull << 40};
    struct fw_trace_response out;
    struct fw_bytes bytes = {0};

    (void)state;
    assert_int_equal(fw_encode_get_trace_response(&in, &bytes), FW_OK);
    assert_int_equal(
        fw_decode_get_trace_response(bytes.data, bytes.n, &out, NULL), FW_OK);
    assert_int_equal(out.n, 4);
    assert_memory_equal(out.taus, taus, sizeof(taus));
    assert_int_equal(out.workers, 3);
    assert_true(out.version == 1ull << 40);
    fw_trace_response_close(&out);
    fw_trace_response_close(&out); /* safe twice */
    fw_bytes_close(&bytes);
}

static void an_empty_trace_is_one(void **state)
{
    struct fw_trace_response out;

    (void)state;
    assert_int_equal(
        fw_decode_get_trace_response((const uint8_t *)"", 0, &out, NULL),
        FW_OK);
    assert_int_equal(out.n, 0);
    fw_trace_response_close(&out);
}

static void a_trace_that_is_too_long_or_cut_is_refused(void **state)
{
    uint32_t *taus = calloc(TOO_MANY, sizeof(*taus));
    struct fw_trace_response in = {.taus = taus, .n = TOO_MANY};
    struct fw_trace_response out;
    struct fw_bytes bytes = {0};
    struct fw_err err;

    (void)state;
    assert_non_null(taus);
    assert_int_equal(fw_encode_get_trace_response(&in, &bytes), FW_OK);
    assert_int_equal(
        fw_decode_get_trace_response(bytes.data, bytes.n, &out, &err),
        FW_INVALID);
    assert_string_equal(err.reason, "MESSAGE_INVALID");
    fw_trace_response_close(&out); /* what was refused may be closed */
    assert_int_equal(
        fw_decode_get_trace_response(bytes.data, bytes.n - 1, &out, &err),
        FW_INVALID);
    fw_bytes_close(&bytes);
    free(taus);
}

static void a_request_names_its_job(void **state)
{
    struct fw_trace_request in = {.job = "digits"};
    struct fw_trace_request out;
    struct fw_bytes bytes = {0};
    struct fw_err err;

    (void)state;
    assert_int_equal(fw_encode_get_trace_request(&in, &bytes), FW_OK);
    assert_int_equal(
        fw_decode_get_trace_request(bytes.data, bytes.n, &out, NULL), FW_OK);
    assert_string_equal(out.job, "digits");
    fw_bytes_close(&bytes);
    assert_int_equal(
        fw_decode_get_trace_request((const uint8_t *)"", 0, &out, &err),
        FW_INVALID);
    assert_string_equal(err.reason, "NAME_INVALID");
}

static void a_decision_keeps_who_and_why(void **state)
{
    struct fw_decision_message d = {.index = 1,
                                    .who = "ann",
                                    .why = "to compare",
                                    .cause = "operator",
                                    .law = FW_LAW_FIXED};
    struct fw_decision_list in = {.items = &d, .n = 1};
    struct fw_decision_list out;
    struct fw_bytes bytes = {0};

    (void)state;
    assert_int_equal(fw_encode_list_decisions_response(&in, &bytes), FW_OK);
    assert_int_equal(
        fw_decode_list_decisions_response(bytes.data, bytes.n, &out, NULL),
        FW_OK);
    assert_int_equal(out.n, 1);
    assert_string_equal(out.items[0].who, "ann");
    assert_string_equal(out.items[0].why, "to compare");
    fw_decision_list_close(&out);
    fw_bytes_close(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_comes_back_as_it_was),
        cmocka_unit_test(an_empty_trace_is_one),
        cmocka_unit_test(a_trace_that_is_too_long_or_cut_is_refused),
        cmocka_unit_test(a_request_names_its_job),
        cmocka_unit_test(a_decision_keeps_who_and_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
