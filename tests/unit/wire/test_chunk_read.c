/* Any protobuf is read, wherever it was cut, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/wire/chunk_sample.h"

static void assert_same_gradient(const struct fw_train_request *m)
{
    assert_int_equal(m->kind, FW_TRAIN_GRADIENT);
    assert_true(m->gradient.sequence == GRADIENT_HEAD.sequence);
    assert_true(m->gradient.base_version == GRADIENT_HEAD.base_version);
    assert_true(m->gradient.offset == GRADIENT_HEAD.offset);
    assert_true(m->gradient.samples == GRADIENT_HEAD.samples);
    assert_true(m->gradient.loss == GRADIENT_HEAD.loss);
    assert_true(m->gradient.curvature == GRADIENT_HEAD.curvature);
    assert_true(m->gradient.want_parameters == GRADIENT_HEAD.want_parameters);
    assert_run(&m->data);
}

static void every_split_reads_the_same(void **state)
{
    struct flat f;

    (void)state;
    sample_gradient(&f);
    for (size_t i = 0; i <= f.n; i++) {
        struct fw_span spans[4] = {
            {f.data, i}, {NULL, 0}, {f.data + i, f.n - i}, {NULL, 0}};
        struct fw_train_request m;

        assert_int_equal(fw_decode_train_request(spans, 4, &m, NULL), FW_OK);
        assert_same_gradient(&m);
    }
}

static void a_message_in_single_bytes_reads_the_same(void **state)
{
    struct fw_span spans[2048];
    struct fw_train_request m;
    struct flat f;

    (void)state;
    sample_gradient(&f);
    for (size_t i = 0; i < f.n; i++)
        spans[i] = (struct fw_span){f.data + i, 1};
    assert_int_equal(fw_decode_train_request(spans, f.n, &m, NULL), FW_OK);
    assert_same_gradient(&m);
}

/* Each prefix lies in memory of its own, so that a sanitizer sees a read
 * behind its end. */
static void every_prefix_is_refused(void **state)
{
    struct fw_train_request zero = {0};
    struct flat f;

    (void)state;
    sample_gradient(&f);
    for (size_t n = 0; n < f.n; n++) {
        uint8_t *copy = malloc(n + 1);
        struct fw_span span = {copy + 1, n};
        struct fw_train_request m;
        struct fw_err err;

        assert_non_null(copy);
        memcpy(copy + 1, f.data, n);
        assert_int_equal(fw_decode_train_request(&span, 1, &m, &err),
                         FW_INVALID);
        assert_string_equal(err.reason, "MESSAGE_INVALID");
        assert_non_null(strstr(err.text, "TrainRequest"));
        assert_memory_equal(&m, &zero, sizeof(m));
        free(copy);
    }
}

static void fields_come_in_any_order_and_unknown_ones_are_skipped(void **state)
{
    static const uint8_t inner[] = {
        0x7a, 2,    'a',  'b', /* data, to be overruled */
        0x18, 5,               /* offset */
        0xa0, 0x06, 1,         /* field 100, varint */
        0xa9, 0x06, 1,    2,    3,   4,   5, 6, 7, 8, /* 101, fixed64 */
        0xb2, 0x06, 3,    'x',  'y', 'z',             /* 102, bytes */
        0xbd, 0x06, 1,    2,    3,   4,               /* 103, fixed32 */
        0x7a, 3,    'c',  'd',  'e',                  /* data */
        0x08, 0x87, 0x80, 0x00,                       /* sequence, padded */
        0x18, 6,                                      /* offset again */
    };
    uint8_t message[64] = {0x12, sizeof(inner)};
    struct fw_span span = {message, sizeof(inner) + 2};
    struct fw_train_request m;
    uint8_t data[3];

    (void)state;
    memcpy(message + 2, inner, sizeof(inner));
    assert_int_equal(fw_decode_train_request(&span, 1, &m, NULL), FW_OK);
    assert_true(m.gradient.sequence == 7 && m.gradient.offset == 6);
    assert_int_equal(m.data.n, 3);
    fw_run_copy(&m.data, data);
    assert_memory_equal(data, "cde", 3);
}

static void the_last_kind_wins_and_equal_kinds_merge(void **state)
{
    static const uint8_t merged[] = {0x12, 2, 0x08, 9, 0x12, 2, 0x18, 4};
    static const uint8_t changed[] = {0x12, 2, 0x08, 9, 0x1a, 0};
    struct fw_span span = {merged, sizeof(merged)};
    struct fw_train_request m;

    (void)state;
    assert_int_equal(fw_decode_train_request(&span, 1, &m, NULL), FW_OK);
    assert_true(m.gradient.sequence == 9 && m.gradient.offset == 4);
    span = (struct fw_span){changed, sizeof(changed)};
    assert_int_equal(fw_decode_train_request(&span, 1, &m, NULL), FW_OK);
    assert_int_equal(m.kind, FW_TRAIN_HEARTBEAT);
    assert_true(m.gradient.sequence == 0);
}

static void what_is_not_the_message_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *reason;
    } bad[] = {
        {"", 0, "MESSAGE_INVALID"},
        {"\x50\x01", 2, "MESSAGE_INVALID"},         /* unknown field only */
        {"\x00\x01", 2, "MESSAGE_INVALID"},         /* field 0 */
        {"\x13\x14", 2, "MESSAGE_INVALID"},         /* a group */
        {"\x16\x14", 2, "MESSAGE_INVALID"},         /* no wire type */
        {"\x10\x01", 2, "MESSAGE_INVALID"},         /* gradient: a varint */
        {"\x12\x02\x0a\x00", 4, "MESSAGE_INVALID"}, /* sequence: bytes */
        {"\x12\x02\x78\x00", 4, "MESSAGE_INVALID"}, /* data: a varint */
        {"\x12\x02\x28\x00", 4, "MESSAGE_INVALID"}, /* loss: a varint */
        {"\x12\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 13,
         "MESSAGE_INVALID"}, /* 65 bits */
        {"\x12\x0c\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 14,
         "MESSAGE_INVALID"}, /* 11 bytes */
        {"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11,
         "MESSAGE_INVALID"}, /* a length of 2^64 - 1 */
        {"\x0a\x00", 2, "NAME_INVALID"},
        {"\x0a\x04\x0a\x02.a", 6, "NAME_INVALID"},
        {"\x0a\x04\x0a\x02z\0", 6, "MESSAGE_INVALID"},
        {"\x0a\x06\x0a\x01z\x12\x01s", 8, "MESSAGE_INVALID"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fw_span span = {(const uint8_t *)bad[i].bytes, bad[i].n};
        struct fw_train_request m;
        struct fw_err err = {0};

        assert_int_equal(fw_decode_train_request(&span, 1, &m, &err),
                         FW_INVALID);
        assert_string_equal(err.reason, bad[i].reason);
    }
}

static void pull_and_initialize_come_back(void **state)
{
    struct fw_parameters_head h = parameters_head();
    struct fw_parameters_head back;
    uint8_t head[FW_CHUNK_HEAD_MAX];
    struct fw_run run;
    struct flat f;
    struct fw_span span = {f.data, 0};

    (void)state;
    finish(&f, head, fw_chunk_pull(&h, DATA_BYTES, head));
    span.n = f.n;
    assert_int_equal(fw_decode_pull_response(&span, 1, &back, &run, NULL),
                     FW_OK);
    assert_true(back.version == h.version && back.offset == h.offset);
    assert_true(back.n_elements == h.n_elements);
    assert_run(&run);
    span.n--;
    assert_int_equal(fw_decode_pull_response(&span, 1, &back, &run, NULL),
                     FW_INVALID);
    assert_int_equal(run.n, 0);

    finish(&f, head, fw_chunk_initialize(&h, DATA_BYTES, head));
    span.n = f.n;
    assert_int_equal(fw_decode_initialize_request(&span, 1, &back, &run, NULL),
                     FW_OK);
    assert_string_equal(back.job, h.job);
    assert_true(back.offset == h.offset);
    assert_run(&run);
}

static void parameters_of_a_stream_come_back(void **state)
{
    struct fw_parameters_head h = parameters_head();
    struct fw_train_response m;
    uint8_t head[FW_CHUNK_HEAD_MAX];
    struct flat f;
    struct fw_span span = {f.data, 0};

    (void)state;
    finish(&f, head, fw_chunk_parameters(&h, DATA_BYTES, head));
    span.n = f.n;
    assert_int_equal(fw_decode_train_response(&span, 1, &m, NULL), FW_OK);
    assert_int_equal(m.kind, FW_TRAIN_PARAMETERS);
    assert_true(m.parameters.version == h.version);
    assert_true(m.parameters.offset == h.offset);
    assert_run(&m.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_split_reads_the_same),
        cmocka_unit_test(a_message_in_single_bytes_reads_the_same),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(fields_come_in_any_order_and_unknown_ones_are_skipped),
        cmocka_unit_test(the_last_kind_wins_and_equal_kinds_merge),
        cmocka_unit_test(what_is_not_the_message_is_refused),
        cmocka_unit_test(pull_and_initialize_come_back),
        cmocka_unit_test(parameters_of_a_stream_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
