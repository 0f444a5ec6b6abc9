/* Byte buffers become spans without a copy, and lent memory comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <grpc/byte_buffer.h>
#include <grpc/slice.h>

#include "sdk/wire/grpc_glue.h"

static int start(void **state)
{
    (void)state;
    grpc_init();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    grpc_shutdown();
    return 0;
}

static void count_release(void *user)
{
    ++*(int *)user;
}

static void data_is_lent_until_the_last_reader_closes(void **state)
{
    static const char data[4096] = "the data";
    int released = 0;
    struct fw_lent lent = {data, sizeof(data), count_release, &released};
    struct fw_message m;

    (void)state;
    assert_int_equal(
        fw_message_open(&m, fw_buffer_create("head", 4, &lent), NULL), FW_OK);
    assert_int_equal(m.n_spans, 2);
    assert_int_equal(m.n_bytes, 4 + sizeof(data));
    assert_memory_equal(m.spans[0].data, "head", 4);
    assert_ptr_equal(m.spans[1].data, data);
    assert_int_equal(released, 0);
    fw_message_close(&m);
    assert_int_equal(released, 1);
    fw_message_close(&m);
    assert_int_equal(released, 1);
}

static void many_slices_are_spans_and_flatten(void **state)
{
    enum { SLICES = 3 * FW_MESSAGE_SPANS };
    grpc_slice slices[SLICES];
    struct fw_bytes scratch = {0};
    struct fw_span flat;
    struct fw_message m;

    (void)state;
    for (int i = 0; i < SLICES; i++) {
        slices[i] = grpc_slice_malloc(1);
        *GRPC_SLICE_START_PTR(slices[i]) = (uint8_t)i;
    }
    assert_int_equal(
        fw_message_open(&m, grpc_raw_byte_buffer_create(slices, SLICES), NULL),
        FW_OK);
    assert_int_equal(fw_message_flat(&m, &scratch, &flat), FW_OK);
    assert_int_equal(flat.n, SLICES);
    for (int i = 0; i < SLICES; i++)
        assert_int_equal(flat.data[i], i);
    for (int i = 0; i < SLICES; i++)
        grpc_slice_unref(slices[i]);
    fw_bytes_close(&scratch);
    fw_message_close(&m);
}

static void one_slice_is_flat_where_it_lies(void **state)
{
    struct fw_bytes scratch = {0};
    struct fw_bytes from = {(uint8_t *)"a message of more than one word", 31,
                            31};
    struct fw_span flat;
    struct fw_message m;

    (void)state;
    assert_int_equal(fw_message_open(&m, fw_buffer_copy(&from), NULL), FW_OK);
    assert_int_equal(fw_message_flat(&m, &scratch, &flat), FW_OK);
    assert_ptr_equal(flat.data, m.spans[0].data);
    assert_int_equal(flat.n, 31);
    assert_memory_equal(flat.data, from.data, 31);
    assert_null(scratch.data);
    fw_message_close(&m);
}

static void compressed_or_absent_messages_are_refused(void **state)
{
    grpc_slice slice = grpc_slice_from_static_string("x");
    struct fw_message m;
    struct fw_err err;

    (void)state;
    assert_int_equal(fw_message_open(&m,
                                     grpc_raw_compressed_byte_buffer_create(
                                         &slice, 1, GRPC_COMPRESS_GZIP),
                                     &err),
                     FW_INVALID);
    assert_string_equal(err.reason, "MESSAGE_INVALID");
    assert_null(m.buffer);
    assert_int_equal(fw_message_open(&m, NULL, &err), FW_INVALID);
    fw_message_close(&m);
}

static void an_empty_message_is_flat_and_empty(void **state)
{
    struct fw_bytes none = {0};
    struct fw_bytes scratch = {0};
    struct fw_span flat;
    struct fw_message m;

    (void)state;
    assert_int_equal(fw_message_open(&m, fw_buffer_copy(&none), NULL), FW_OK);
    assert_int_equal(fw_message_flat(&m, &scratch, &flat), FW_OK);
    assert_int_equal(flat.n, 0);
    fw_message_close(&m);
    fw_bytes_close(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_lent_until_the_last_reader_closes),
        cmocka_unit_test(many_slices_are_spans_and_flatten),
        cmocka_unit_test(one_slice_is_flat_where_it_lies),
        cmocka_unit_test(compressed_or_absent_messages_are_refused),
        cmocka_unit_test(an_empty_message_is_flat_and_empty),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
